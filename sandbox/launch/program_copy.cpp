#include "launch/program_copy.h"

#include <linux/filter.h>

#include <cstring>

namespace sandbox {
namespace {

std::size_t length_with_null(const char* const* list) {
  std::size_t size = 0;
  while (list[size]) ++size;
  return size + 1;
}

}  // namespace

template <typename T>
T* ProgramCopy::copy(const T* from, std::size_t count) {
  const std::size_t begin = (used_ + alignof(T) - 1) & ~(alignof(T) - 1);
  const std::size_t size = count * sizeof(T);
  full_ = full_ || size > size_ || begin > size_ - size;
  if (full_ || !from) return nullptr;
  used_ = begin + size;
  return static_cast<T*>(std::memcpy(memory_ + begin, from, size));
}

const char* ProgramCopy::text(const char* from) {
  return from ? copy(from, std::strlen(from) + 1) : nullptr;
}

// `size` strings and, where it is a null-terminated list, the null behind them.
const char** ProgramCopy::texts(const char* const* from, std::size_t size) {
  auto** to = copy(const_cast<const char**>(from), size);
  for (std::size_t i = 0; to && i < size; ++i) to[i] = text(from[i]);
  return to;
}

child::Span<child::Instr> ProgramCopy::steps(const child::Span<child::Instr>& from) {
  auto* to = copy(from.data, from.size);
  if (!to) return {};
  for (std::size_t i = 0; i < from.size; ++i) {
    const child::Instr& step = from.data[i];
    const bool mask = step.op == child::Op::affinity;  // bytes, and zeros among them
    to[i].text = mask ? copy(step.text, static_cast<std::size_t>(step.a)) : text(step.text);
    to[i].text2 = text(from.data[i].text2);
  }
  return {to, from.size};
}

const sock_fprog* ProgramCopy::filter(const sock_fprog* from) {
  if (!from) return nullptr;
  auto* to = copy(from, 1);
  if (to) to->filter = copy(from->filter, from->len);
  return to;
}

const child::TestProgram* ProgramCopy::test(const child::TestProgram& from) {
  auto* to = copy(&from, 1);
  if (!to) return nullptr;
  to->steps = steps(from.steps);
  to->executable = text(from.executable);
  to->argv = texts(from.argv, length_with_null(from.argv));
  to->envp = texts(from.envp, length_with_null(from.envp));
  to->filter = filter(from.filter);
  to->filter_unwatched = filter(from.filter_unwatched);
  to->fresh_places = {texts(from.fresh_places.data, from.fresh_places.size),
                      from.fresh_places.size};
  return full_ ? nullptr : to;
}

const child::Program* ProgramCopy::program(const child::Program& from) {
  auto* to = copy(&from, 1);
  if (!to) return nullptr;
  to->init = steps(from.init);
  if (!from.prepared) to->test = test(*from.test);
  return full_ ? nullptr : to;
}

}  // namespace sandbox
