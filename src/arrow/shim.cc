// The only C++ of weir: Parquet and ORC through Arrow, behind the C functions of weir_arrow.h.
#include "arrow/weir_arrow.h"

#include <arrow/adapters/orc/adapter.h>
#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>

#include <cstdio>
#include <exception>

using arrow::Result;
using arrow::Status;

namespace {

const char kSparkSchema[] = "org.apache.spark.sql.parquet.row.metadata";

int Fail(const Status &s, weir_arrow_error *e) {
    if (s.ok()) return 0;
    std::snprintf(e->text, sizeof e->text, "%s", s.ToString().c_str());
    return -1;
}

template <class F> int Guard(weir_arrow_error *e, F f) {
    try {
        return Fail(f(), e);
    } catch (const std::exception &x) {
        std::snprintf(e->text, sizeof e->text, "%s", x.what());
        return -1;
    }
}

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

class In : public arrow::io::RandomAccessFile {
  public:
    explicit In(weir_arrow_in in) : in_(in) { set_mode(arrow::io::FileMode::READ); }
    Status Close() override {
        closed_ = true;
        return Status::OK();
    }
    bool closed() const override { return closed_; }
    Result<int64_t> Tell() const override { return at_; }
    Status Seek(int64_t at) override {
        at_ = at;
        return Status::OK();
    }
    Result<int64_t> GetSize() override { return in_.size; }
    Result<int64_t> ReadAt(int64_t at, int64_t n, void *out) override {
        int64_t got = in_.read(in_.u, at, out, n);
        if (got < 0) return Status::IOError("the file could not be read");
        return got;
    }
    Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t at, int64_t n) override {
        ARROW_ASSIGN_OR_RAISE(auto b, arrow::AllocateResizableBuffer(n));
        ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(at, n, b->mutable_data()));
        ARROW_RETURN_NOT_OK(b->Resize(got));
        return std::shared_ptr<arrow::Buffer>(std::move(b));
    }
    Result<int64_t> Read(int64_t n, void *out) override {
        ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(at_, n, out));
        at_ += got;
        return got;
    }
    Result<std::shared_ptr<arrow::Buffer>> Read(int64_t n) override {
        ARROW_ASSIGN_OR_RAISE(auto b, ReadAt(at_, n));
        at_ += b->size();
        return b;
    }

  private:
    weir_arrow_in in_;
    int64_t at_ = 0;
    bool closed_ = false;
};

} // namespace

struct weir_arrow_writer {
    std::shared_ptr<Out> out;
    std::shared_ptr<arrow::Schema> schema;
    std::unique_ptr<parquet::arrow::FileWriter> writer;
    std::unique_ptr<arrow::adapters::orc::ORCFileWriter> orc;
    int64_t held = 0; /* bytes of rows in the row group, which is in memory until it ends */
};

struct weir_arrow_reader {
    std::shared_ptr<In> in;
    std::unique_ptr<parquet::arrow::FileReader> file;
    std::unique_ptr<arrow::adapters::orc::ORCFileReader> orc;
    std::shared_ptr<arrow::RecordBatchReader> batches;
    std::string spark_schema;
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

int WriterOpen(const weir_arrow_out *o, weir_arrow_format format, ArrowSchema *schema,
               const char *codec, int int96, const char *spark_schema, weir_arrow_writer **result,
               weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        auto w = std::make_unique<weir_arrow_writer>();
        ARROW_ASSIGN_OR_RAISE(w->schema, arrow::ImportSchema(schema));
        if (format == WEIR_ARROW_ORC) {
            arrow::adapters::orc::WriteOptions options;
            ARROW_ASSIGN_OR_RAISE(options.compression,
                                  arrow::util::Codec::GetCompressionType(codec));
            w->out = std::make_shared<Out>(*o);
            ARROW_ASSIGN_OR_RAISE(w->orc,
                                  arrow::adapters::orc::ORCFileWriter::Open(w->out.get(), options));
            *result = w.release();
            return Status::OK();
        }
        if (spark_schema)
            w->schema =
                w->schema->WithMetadata(arrow::key_value_metadata({kSparkSchema}, {spark_schema}));
        ARROW_ASSIGN_OR_RAISE(auto type, arrow::util::Codec::GetCompressionType(codec));
        parquet::WriterProperties::Builder b;
        /* Arrow's own pool keeps what was freed: 50 MiB after a large file */
        b.memory_pool(arrow::system_memory_pool())
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
            w->writer, parquet::arrow::FileWriter::Open(*w->schema, arrow::system_memory_pool(),
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
        if (w->orc) return w->orc->Write(*b);
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
        ARROW_RETURN_NOT_OK(w->orc ? w->orc->Close() : w->writer->Close());
        ARROW_ASSIGN_OR_RAISE(*bytes, w->out->Tell());
        return Status::OK();
    });
}

void WriterFree(weir_arrow_writer *w) { delete w; }

int ReaderOpen(const weir_arrow_in *in, weir_arrow_format format, weir_arrow_reader **result,
               const char **spark_schema, int64_t *rows, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        auto r = std::make_unique<weir_arrow_reader>();
        r->in = std::make_shared<In>(*in);
        *spark_schema = nullptr;
        if (format == WEIR_ARROW_ORC) {
            ARROW_ASSIGN_OR_RAISE(r->orc, arrow::adapters::orc::ORCFileReader::Open(
                                              r->in, arrow::default_memory_pool()));
            *rows = r->orc->NumberOfRows();
            *result = r.release();
            return Status::OK();
        }
        parquet::arrow::FileReaderBuilder b;
        ARROW_RETURN_NOT_OK(b.Open(r->in));
        parquet::ArrowReaderProperties props(false);
        props.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
        props.set_batch_size(8192);
        b.properties(props);
        b.memory_pool(arrow::system_memory_pool());
        ARROW_ASSIGN_OR_RAISE(r->file, b.Build());
        auto meta = r->file->parquet_reader()->metadata();
        *rows = meta->num_rows();
        if (meta->key_value_metadata()) {
            auto found = meta->key_value_metadata()->Get(kSparkSchema);
            if (found.ok()) {
                r->spark_schema = *found;
                *spark_schema = r->spark_schema.c_str();
            }
        }
        *result = r.release();
        return Status::OK();
    });
}

int ReaderSchema(weir_arrow_reader *r, ArrowSchema *out, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        std::shared_ptr<arrow::Schema> s;
        if (r->orc) {
            ARROW_ASSIGN_OR_RAISE(s, r->orc->ReadSchema());
        } else {
            ARROW_RETURN_NOT_OK(r->file->GetSchema(&s));
        }
        return arrow::ExportSchema(*s->RemoveMetadata(), out);
    });
}

int ReaderStart(weir_arrow_reader *r, const int *columns, int n, int64_t rows,
                weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        if (r->orc) {
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
        }
        auto meta = r->file->parquet_reader()->metadata();
        std::vector<int> groups, leaves;
        for (int g = 0; g < meta->num_row_groups(); g++) groups.push_back(g);
        const auto *schema = meta->schema();
        for (int leaf = 0; leaf < schema->num_columns(); leaf++) {
            const auto *root = schema->GetColumnRoot(leaf);
            int top = schema->group_node()->FieldIndex(*root);
            for (int i = 0; i < n; i++)
                if (columns[i] == top) leaves.push_back(leaf);
        }
        r->file->set_batch_size(rows);
        ARROW_ASSIGN_OR_RAISE(r->batches, r->file->GetRecordBatchReader(groups, leaves));
        return Status::OK();
    });
}

int ReaderTypes(weir_arrow_reader *r, ArrowSchema *out, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        return arrow::ExportSchema(*r->batches->schema()->RemoveMetadata(), out);
    });
}

int ReaderNext(weir_arrow_reader *r, ArrowArray *out, weir_arrow_error *e) {
    return Guard(e, [&]() -> Status {
        std::shared_ptr<arrow::RecordBatch> b;
        ARROW_RETURN_NOT_OK(r->batches->ReadNext(&b));
        out->release = nullptr;
        return b ? arrow::ExportRecordBatch(*b, out) : Status::OK();
    });
}

void ReaderFree(weir_arrow_reader *r) { delete r; }

const weir_arrow_api kApi = {1,           WriterOpen, WriterAdd,    WriterClose,
                             WriterFree,  ReaderOpen, ReaderSchema, ReaderStart,
                             ReaderTypes, ReaderNext, ReaderFree};

} // namespace

#pragma GCC visibility push(default)
extern "C" const weir_arrow_api *weir_arrow_api_get(void) { return &kApi; }
#pragma GCC visibility pop
