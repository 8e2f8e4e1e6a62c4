// The only C++ of weir: Parquet through Arrow, behind the C functions of weir_arrow.h. This
// half writes; shim_read.cc reads.
#include "arrow/shim.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>

#include <cstring>

using arrow::Result;
using arrow::Status;
using weir::Guard;

namespace {

const weir_arrow_memory *memory;

/* Arrow's own pool keeps what was freed: 50 MiB after a large file. Whom a piece is charged to
   stands before it. */
class CountedPool : public arrow::MemoryPool {
  public:
    using arrow::MemoryPool::Allocate;
    using arrow::MemoryPool::Free;
    using arrow::MemoryPool::Reallocate;
    Status Allocate(int64_t size, int64_t alignment, uint8_t **out) override {
        if (size < 0 || size > INT64_MAX - kHead || alignment > kHead)
            return Status::OutOfMemory("a size of ", size, " bytes");
        void *who = nullptr;
        if (memory->charge(&who, size) != 0) return Refused(size);
        uint8_t *p = nullptr;
        Status s = base_->Allocate(size + kHead, kHead, &p);
        if (!s.ok()) {
            memory->give(who, size);
            return s;
        }
        std::memcpy(p, &who, sizeof who);
        *out = p + kHead;
        return s;
    }
    Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                      uint8_t **p) override {
        if (new_size < 0 || new_size > INT64_MAX - kHead || alignment > kHead)
            return Status::OutOfMemory("a size of ", new_size, " bytes");
        uint8_t *moved = *p - kHead;
        void *who = nullptr, *asks = nullptr;
        std::memcpy(&who, moved, sizeof who);
        if (new_size > old_size) { /* whether there is room is for who asks */
            if (memory->charge(&asks, new_size - old_size) != 0)
                return Refused(new_size - old_size);
            memory->give(asks, new_size - old_size);
        }
        ARROW_RETURN_NOT_OK(base_->Reallocate(old_size + kHead, new_size + kHead, kHead, &moved));
        memory->give(who, old_size - new_size);
        *p = moved + kHead;
        return Status::OK();
    }
    void Free(uint8_t *p, int64_t size, int64_t) override {
        void *who = nullptr;
        std::memcpy(&who, p - kHead, sizeof who);
        base_->Free(p - kHead, size + kHead, kHead);
        memory->give(who, size);
    }
    int64_t bytes_allocated() const override { return base_->bytes_allocated(); }
    int64_t total_bytes_allocated() const override { return base_->total_bytes_allocated(); }
    int64_t num_allocations() const override { return base_->num_allocations(); }
    std::string backend_name() const override { return base_->backend_name(); }

  private:
    static constexpr int64_t kHead = arrow::kDefaultBufferAlignment;
    static Status Refused(int64_t size) {
        return Status::OutOfMemory("the query may not hold ", size, " bytes more");
    }
    arrow::MemoryPool *base_ = arrow::system_memory_pool();
};

const char kSparkSchema[] = "org.apache.spark.sql.parquet.row.metadata";

class Out : public arrow::io::OutputStream {
  public:
    explicit Out(weir_arrow_out o) : o_(o) { set_mode(arrow::io::FileMode::WRITE); }
    Status Close() override {
        closed_ = true;
        return Status::OK();
    }
    bool closed() const override { return closed_; }
    Result<int64_t> Tell() const override { return at_; }
    Status Write(const void *p, int64_t n) override {
        if (o_.write(o_.u, p, n) != 0) return Status::IOError("the file could not be written");
        at_ += n;
        return Status::OK();
    }
    using arrow::io::OutputStream::Write;

  private:
    weir_arrow_out o_;
    int64_t at_ = 0;
    bool closed_ = false;
};

} // namespace

struct weir_arrow_writer {
    std::shared_ptr<Out> out;
    std::shared_ptr<arrow::Schema> schema;
    std::unique_ptr<parquet::arrow::FileWriter> writer;
    int64_t held = 0; /* bytes of rows in the row group, which is in memory until it ends */
};

namespace {

constexpr int64_t kRowGroupBytes = 32 << 20;

/* Spark skips row groups by their statistics, where Arrow leaves NaN out (to Spark it is above the
   maximum), and by their dictionaries, where it does not find 0.0 for -0.0: columns of floating
   point have neither, so that no row is lost. */
Status PlainFloats(const arrow::Schema &schema, parquet::WriterProperties::Builder *b) {
    std::shared_ptr<parquet::SchemaDescriptor> leaves;
    ARROW_RETURN_NOT_OK(
        parquet::arrow::ToParquetSchema(&schema, *parquet::default_writer_properties(), &leaves));
    for (int i = 0; i < leaves->num_columns(); i++) {
        auto type = leaves->Column(i)->physical_type();
        if (type != parquet::Type::FLOAT && type != parquet::Type::DOUBLE) continue;
        b->disable_statistics(leaves->Column(i)->path());
        b->disable_dictionary(leaves->Column(i)->path());
    }
    return Status::OK();
}

int WriterOpen(const weir_arrow_out *o, ArrowSchema *schema, const char *codec, int int96,
               const char *spark_schema, weir_arrow_writer **result, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        auto w = std::make_unique<weir_arrow_writer>();
        ARROW_ASSIGN_OR_RAISE(w->schema, arrow::ImportSchema(schema));
        if (spark_schema)
            w->schema =
                w->schema->WithMetadata(arrow::key_value_metadata({kSparkSchema}, {spark_schema}));
        ARROW_ASSIGN_OR_RAISE(auto type, arrow::util::Codec::GetCompressionType(codec));
        parquet::WriterProperties::Builder b;
        b.memory_pool(weir::Pool())
            ->compression(type)
            ->max_row_group_length(1 << 20)
            /* A dictionary's hash table takes over ten times its values, and a
               column that has more of them than this gains little. */
            ->dictionary_pagesize_limit(256 << 10)
            ->created_by("weir")
            ->enable_store_decimal_as_integer();
        ARROW_RETURN_NOT_OK(PlainFloats(*w->schema, &b));
        auto props = b.build();
        parquet::ArrowWriterProperties::Builder ab;
        ab.coerce_timestamps(arrow::TimeUnit::MICRO)->disallow_truncated_timestamps();
        if (int96) ab.enable_deprecated_int96_timestamps();
        w->out = std::make_shared<Out>(*o);
        ARROW_ASSIGN_OR_RAISE(
            w->writer, parquet::arrow::FileWriter::Open(*w->schema, weir::Pool(),
                                                        w->out, props, ab.build()));
        if (spark_schema)
            ARROW_RETURN_NOT_OK(w->writer->AddKeyValueMetadata(
                arrow::key_value_metadata({kSparkSchema}, {spark_schema})));
        *result = w.release();
        return Status::OK();
    });
}

int WriterAdd(weir_arrow_writer *w, ArrowArray *batch, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(auto b, arrow::ImportRecordBatch(batch, w->schema));
        ARROW_ASSIGN_OR_RAISE(int64_t bytes, arrow::util::ReferencedBufferSize(*b));
        if (w->held > 0 && w->held + bytes > kRowGroupBytes) {
            ARROW_RETURN_NOT_OK(w->writer->NewBufferedRowGroup());
            w->held = 0;
        }
        w->held += bytes;
        return w->writer->WriteRecordBatch(*b);
    });
}

int WriterClose(weir_arrow_writer *w, int64_t *bytes, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        ARROW_RETURN_NOT_OK(w->writer->Close());
        ARROW_ASSIGN_OR_RAISE(*bytes, w->out->Tell());
        return Status::OK();
    });
}

void WriterFree(weir_arrow_writer *w) { delete w; }

const weir_arrow_api kApi = {WEIR_ARROW_VERSION,
                             WriterOpen,
                             WriterAdd,
                             WriterClose,
                             WriterFree,
                             weir::ReaderOpen,
                             weir::ReaderMeta,
                             weir::ReaderStart,
                             weir::ReaderNext,
                             weir::ReaderFree,
                             weir::Release};

} // namespace

arrow::MemoryPool *weir::Pool() {
    static CountedPool pool;
    return &pool;
}

#pragma GCC visibility push(default)
extern "C" const weir_arrow_api *weir_arrow_api_get(const weir_arrow_memory *m) {
    memory = m;
    return &kApi;
}
#pragma GCC visibility pop
