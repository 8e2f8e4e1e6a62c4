// What both halves of the shim use: failures as texts, and the reading half's functions.
#ifndef WEIR_ARROW_SHIM_H
#define WEIR_ARROW_SHIM_H
#include "arrow/weir_arrow.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/exception.h>

#include <cstdio>
#include <exception>
#include <new>

namespace weir {

/* All memory of the library that a file can ask for: counted by weir_arrow_memory. */
arrow::MemoryPool *Pool();

inline int Fail(const arrow::Status &s, weir_arrow_error *e) {
    if (s.ok()) return 0;
    e->out_of_memory = s.IsOutOfMemory();
    std::snprintf(e->text, sizeof e->text, "%s", s.ToString().c_str());
    return -1;
}

template <class F> int Guard(weir_arrow_error *e, F f) {
    try {
        return Fail(f(), e);
    } catch (const parquet::ParquetStatusException &x) {
        return Fail(x.status(), e);
    } catch (const std::bad_alloc &x) {
        return Fail(arrow::Status::OutOfMemory(x.what()), e);
    } catch (const std::exception &x) {
        std::snprintf(e->text, sizeof e->text, "%s", x.what());
        return -1;
    }
}

class In : public arrow::io::RandomAccessFile {
  public:
    explicit In(weir_arrow_in in) : in_(in) { set_mode(arrow::io::FileMode::READ); }
    arrow::Status Close() override {
        closed_ = true;
        return arrow::Status::OK();
    }
    bool closed() const override { return closed_; }
    arrow::Result<int64_t> Tell() const override { return at_; }
    arrow::Status Seek(int64_t at) override {
        at_ = at;
        return arrow::Status::OK();
    }
    arrow::Result<int64_t> GetSize() override { return in_.size; }
    arrow::Result<int64_t> ReadAt(int64_t at, int64_t n, void *out) override {
        int64_t got = in_.read(in_.u, at, out, n);
        if (got < 0) return arrow::Status::IOError("the file could not be read");
        return got;
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t at, int64_t n) override {
        ARROW_ASSIGN_OR_RAISE(auto b,
                              arrow::AllocateResizableBuffer(n, Pool()));
        ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(at, n, b->mutable_data()));
        ARROW_RETURN_NOT_OK(b->Resize(got));
        return std::shared_ptr<arrow::Buffer>(std::move(b));
    }
    arrow::Result<int64_t> Read(int64_t n, void *out) override {
        ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(at_, n, out));
        at_ += got;
        return got;
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t n) override {
        ARROW_ASSIGN_OR_RAISE(auto b, ReadAt(at_, n));
        at_ += b->size();
        return b;
    }

  private:
    weir_arrow_in in_;
    int64_t at_ = 0;
    bool closed_ = false;
};

int ReaderOpen(const weir_arrow_in *, weir_arrow_reader **, int64_t *rows, const weir_arrow_node **,
               int *nnode, weir_arrow_error *);
const char *ReaderMeta(weir_arrow_reader *, const char *key);
int ReaderStart(weir_arrow_reader *, const int *leaves, int n, weir_arrow_error *);
int ReaderNext(weir_arrow_reader *, int64_t max, weir_arrow_leaf *out, int64_t *rows,
               weir_arrow_error *);
void ReaderFree(weir_arrow_reader *);
void Release(void *owner);

} // namespace weir
#endif
