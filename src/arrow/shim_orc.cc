// Reading ORC through Arrow.
#include "arrow/shim.h"

#include <arrow/adapters/orc/adapter.h>
#include <arrow/c/bridge.h>

using arrow::Status;

struct weir_arrow_orc {
    std::shared_ptr<weir::In> in;
    std::unique_ptr<arrow::adapters::orc::ORCFileReader> orc;
    std::shared_ptr<arrow::RecordBatchReader> batches;
};

namespace weir {

int OrcOpen(const weir_arrow_in *in, weir_arrow_orc **result, int64_t *rows, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        auto r = std::make_unique<weir_arrow_orc>();
        r->in = std::make_shared<In>(*in);
        ARROW_ASSIGN_OR_RAISE(
            r->orc, arrow::adapters::orc::ORCFileReader::Open(r->in, arrow::default_memory_pool()));
        *rows = r->orc->NumberOfRows();
        *result = r.release();
        return Status::OK();
    });
}

int OrcSchema(weir_arrow_orc *r, ArrowSchema *out, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(auto s, r->orc->ReadSchema());
        return arrow::ExportSchema(*s->RemoveMetadata(), out);
    });
}

int OrcStart(weir_arrow_orc *r, const int *columns, int n, int64_t rows, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(auto s, r->orc->ReadSchema());
        std::vector<std::string> names;
        for (int i = 0; i < n; i++) names.push_back(s->field(columns[i])->name());
        if (n) {
            ARROW_ASSIGN_OR_RAISE(r->batches, r->orc->GetRecordBatchReader(rows, names));
        } else { // only counted: nothing is read
            ARROW_ASSIGN_OR_RAISE(r->batches,
                                  arrow::RecordBatchReader::Make({}, arrow::schema({})));
        }
        return Status::OK();
    });
}

int OrcTypes(weir_arrow_orc *r, ArrowSchema *out, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        return arrow::ExportSchema(*r->batches->schema()->RemoveMetadata(), out);
    });
}

int OrcNext(weir_arrow_orc *r, ArrowArray *out, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        std::shared_ptr<arrow::RecordBatch> b;
        ARROW_RETURN_NOT_OK(r->batches->ReadNext(&b));
        out->release = nullptr;
        return b ? arrow::ExportRecordBatch(*b, out) : Status::OK();
    });
}

void OrcFree(weir_arrow_orc *r) { delete r; }

} // namespace weir
