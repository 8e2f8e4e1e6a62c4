// Reading Parquet for weir: the file's schema as it is, and the values and levels of its leaves.
// What is made of them is decided in C (parquet_bind.c), not by Arrow's own types.
#include "arrow/shim.h"

#include <arrow/api.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/level_conversion.h>
#include <parquet/schema.h>

#include <string>
#include <vector>

using arrow::Status;
using parquet::internal::BinaryRecordReader;
using parquet::internal::RecordReader;
using weir::Guard;

namespace {

struct Leaf {
    int column = 0, group = 0; /* group: the row group whose pages come next */
    std::shared_ptr<RecordReader> reader;
};

} // namespace

struct weir_arrow_reader {
    std::shared_ptr<weir::In> in;
    std::unique_ptr<parquet::ParquetFileReader> file;
    std::shared_ptr<parquet::FileMetaData> meta;
    std::vector<weir_arrow_node> nodes;
    std::vector<Leaf> leaves;
    std::string found; /* the last value of ReaderMeta */
    int64_t rows = 0;  /* that are left */
};

namespace {

weir_pq_logical Logical(const parquet::LogicalType &t) {
    switch (t.type()) {
    case parquet::LogicalType::Type::STRING: return WEIR_PQ_STRING;
    case parquet::LogicalType::Type::MAP: return WEIR_PQ_MAP;
    case parquet::LogicalType::Type::LIST: return WEIR_PQ_LIST;
    case parquet::LogicalType::Type::ENUM: return WEIR_PQ_ENUM;
    case parquet::LogicalType::Type::DECIMAL: return WEIR_PQ_DECIMAL;
    case parquet::LogicalType::Type::DATE: return WEIR_PQ_DATE;
    case parquet::LogicalType::Type::TIME: return WEIR_PQ_TIME;
    case parquet::LogicalType::Type::TIMESTAMP: return WEIR_PQ_TIMESTAMP;
    case parquet::LogicalType::Type::INTERVAL: return WEIR_PQ_INTERVAL;
    case parquet::LogicalType::Type::INT: return WEIR_PQ_INT;
    case parquet::LogicalType::Type::NIL: return WEIR_PQ_UNKNOWN;
    case parquet::LogicalType::Type::JSON: return WEIR_PQ_JSON;
    case parquet::LogicalType::Type::BSON: return WEIR_PQ_BSON;
    case parquet::LogicalType::Type::UUID: return WEIR_PQ_UUID;
    case parquet::LogicalType::Type::FLOAT16: return WEIR_PQ_FLOAT16;
    case parquet::LogicalType::Type::VARIANT: return WEIR_PQ_VARIANT;
    case parquet::LogicalType::Type::GEOMETRY: return WEIR_PQ_GEOMETRY;
    case parquet::LogicalType::Type::GEOGRAPHY: return WEIR_PQ_GEOGRAPHY;
    case parquet::LogicalType::Type::UNDEFINED:
    case parquet::LogicalType::Type::NONE: break;
    }
    return WEIR_PQ_PLAIN;
}

void Annotate(const parquet::schema::Node &from, weir_arrow_node *to) {
    if (!from.logical_type()) return;
    const auto &t = *from.logical_type();
    to->logical = Logical(t);
    if (to->logical == WEIR_PQ_INT) {
        const auto &i = static_cast<const parquet::IntLogicalType &>(t);
        to->width = i.bit_width();
        to->is_signed = i.is_signed();
    } else if (to->logical == WEIR_PQ_DECIMAL) {
        const auto &d = static_cast<const parquet::DecimalLogicalType &>(t);
        to->precision = d.precision();
        to->scale = d.scale();
    } else if (to->logical == WEIR_PQ_TIME) {
        const auto &i = static_cast<const parquet::TimeLogicalType &>(t);
        to->unit = static_cast<weir_pq_unit>(i.time_unit());
        to->utc = i.is_adjusted_to_utc();
    } else if (to->logical == WEIR_PQ_TIMESTAMP) {
        const auto &i = static_cast<const parquet::TimestampLogicalType &>(t);
        to->unit = static_cast<weir_pq_unit>(i.time_unit());
        to->utc = i.is_adjusted_to_utc();
    }
}

void AddNodes(const parquet::schema::Node &from, std::vector<weir_arrow_node> *out) {
    weir_arrow_node n{};
    n.name = from.name().c_str();
    n.repetition = static_cast<weir_pq_repetition>(from.repetition());
    n.children = -1;
    Annotate(from, &n);
    if (from.is_group()) {
        const auto &g = static_cast<const parquet::schema::GroupNode &>(from);
        n.children = g.field_count();
        out->push_back(n);
        for (int i = 0; i < g.field_count(); i++) AddNodes(*g.field(i), out);
        return;
    }
    const auto &p = static_cast<const parquet::schema::PrimitiveNode &>(from);
    n.physical = static_cast<weir_pq_physical>(p.physical_type());
    n.length = p.type_length();
    out->push_back(n);
}

void Keep(const std::shared_ptr<arrow::Buffer> &b, const void **p, void **owner) {
    if (!b) return;
    *p = b->data();
    *owner = new std::shared_ptr<arrow::Buffer>(b);
}

Status TakeBytes(BinaryRecordReader *r, bool fixed, weir_arrow_leaf *out) {
    auto chunks = r->GetBuilderChunks();
    if (chunks.size() > 1)
        return Status::CapacityError("more than 2 GiB of bytes in one column of some rows");
    if (chunks.empty()) return Status::OK();
    const auto &data = *chunks[0]->data();
    if (data.offset != 0) return Status::Invalid("values that begin inside a buffer");
    out->values = data.length;
    out->nulls = chunks[0]->null_count();
    if (out->nulls) Keep(data.buffers[0], (const void **)&out->valid, &out->valid_owner);
    Keep(data.buffers[1], &out->data, &out->data_owner);
    if (fixed) return Status::OK();
    Keep(data.buffers[2], &out->heap, &out->heap_owner);
    out->heap_bytes = data.buffers[2] ? data.buffers[2]->size() : 0;
    return Status::OK();
}

Status ReadLeaf(weir_arrow_reader *r, Leaf *leaf, int64_t rows, weir_arrow_leaf *out) {
    RecordReader *reader = leaf->reader.get();
    reader->Reset();
    reader->Reserve(rows);
    for (int64_t left = rows; left > 0;) {
        int64_t n = reader->HasMoreData() ? reader->ReadRecords(left) : 0;
        left -= n;
        if (n) continue;
        if (leaf->group == r->meta->num_row_groups())
            return Status::Invalid("the column ", reader->descr()->path()->ToDotString(),
                                   " has fewer rows than the file");
        reader->SetPageReader(r->file->RowGroup(leaf->group++)->GetColumnPageReader(leaf->column));
    }
    const auto *d = reader->descr();
    out->levels = reader->levels_position();
    if (d->max_definition_level() > 0) out->def = reader->def_levels();
    if (d->max_repetition_level() > 0) out->rep = reader->rep_levels();
    auto type = d->physical_type();
    if (type == parquet::Type::BYTE_ARRAY || type == parquet::Type::FIXED_LEN_BYTE_ARRAY)
        return TakeBytes(dynamic_cast<BinaryRecordReader *>(reader),
                         type == parquet::Type::FIXED_LEN_BYTE_ARRAY, out);
    out->values = reader->values_written();
    out->nulls = reader->null_count();
    std::shared_ptr<arrow::Buffer> valid;
    if (reader->nullable_values()) valid = reader->ReleaseIsValid();
    if (out->nulls) Keep(valid, (const void **)&out->valid, &out->valid_owner);
    Keep(reader->ReleaseValues(), &out->data, &out->data_owner);
    return Status::OK();
}

} // namespace

namespace weir {

int ReaderOpen(const weir_arrow_in *in, weir_arrow_reader **result, int64_t *rows,
               const weir_arrow_node **nodes, int *nnode, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        auto r = std::make_unique<weir_arrow_reader>();
        r->in = std::make_shared<weir::In>(*in);
        parquet::ReaderProperties props(weir::Pool());
        r->file = parquet::ParquetFileReader::Open(r->in, props);
        r->meta = r->file->metadata();
        AddNodes(*r->meta->schema()->schema_root(), &r->nodes);
        for (int g = 0; g < r->meta->num_row_groups(); g++)
            r->rows += r->meta->RowGroup(g)->num_rows();
        *rows = r->rows;
        *nodes = r->nodes.data();
        *nnode = static_cast<int>(r->nodes.size());
        *result = r.release();
        return Status::OK();
    });
}

const char *ReaderMeta(weir_arrow_reader *r, const char *key) {
    const auto &pairs = r->meta->key_value_metadata();
    if (!pairs) return nullptr;
    auto value = pairs->Get(key);
    if (!value.ok()) return nullptr;
    r->found = *value;
    return r->found.c_str();
}

int ReaderStart(weir_arrow_reader *r, const int *leaves, int n, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        const auto *schema = r->meta->schema();
        for (int i = 0; i < n; i++) {
            const auto *d = schema->Column(leaves[i]);
            Leaf leaf;
            leaf.column = leaves[i];
            leaf.reader = RecordReader::Make(d, parquet::internal::LevelInfo::ComputeLevelInfo(d),
                                             weir::Pool());
            r->leaves.push_back(std::move(leaf));
        }
        return Status::OK();
    });
}

int ReaderNext(weir_arrow_reader *r, int64_t max, weir_arrow_leaf *out, int64_t *rows,
               weir_arrow_error *e) {
    *rows = r->rows < max ? r->rows : max;
    for (size_t i = 0; i < r->leaves.size(); i++) out[i] = weir_arrow_leaf{};
    return Guard(e, [&]() -> Status {
        for (size_t i = 0; *rows && i < r->leaves.size(); i++)
            ARROW_RETURN_NOT_OK(ReadLeaf(r, &r->leaves[i], *rows, &out[i]));
        r->rows -= *rows;
        return Status::OK();
    });
}

void ReaderFree(weir_arrow_reader *r) { delete r; }

void Release(void *owner) { delete static_cast<std::shared_ptr<arrow::Buffer> *>(owner); }

} // namespace weir
