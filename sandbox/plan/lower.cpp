#include "plan/lower.h"

namespace sandbox {
namespace {

const char* text_or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

child::Instr lower_step(const Step& step, int tree) {
  child::Instr instr;
  instr.op = step.op;
  instr.a = step.a;
  instr.b = step.b;
  instr.flags = step.flags;
  instr.value = step.value;
  instr.text = step.text.c_str();
  instr.text2 = step.op == child::Op::make_file ? text_or_null(step.text2) : step.text2.c_str();
  instr.device = step.source.device;
  instr.inode = step.source.inode;
  if (tree < 0) return instr;
  instr.op = step.op == child::Op::root_clone ? child::Op::root_attach : child::Op::bind_attach;
  instr.a = tree;
  return instr;
}

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& text : strings) result.push_back(text.c_str());
  result.push_back(nullptr);
  return result;
}

sock_fprog as_fprog(std::span<const sock_filter> code) {
  return {static_cast<unsigned short>(code.size()), const_cast<sock_filter*>(code.data())};
}

}  // namespace

LoweredTest::LoweredTest(const Plan& plan, const TestHandles& handles)
    : argv_(pointers(plan.argv)),
      envp_(pointers(plan.environment)),
      fresh_places_(pointers(plan.fresh_places)),
      filter_(as_fprog(handles.filter)),
      filter_unwatched_(as_fprog(handles.filter_unwatched)) {
  for (const Step& step : plan.test) {
    child::Instr instr = lower_step(step, -1);
    if (instr.op == child::Op::keep_fd) {
      const auto source = handles.kept.find(static_cast<int>(instr.a));
      instr.b = source == handles.kept.end() ? instr.a : source->second;
    }
    if (instr.op == child::Op::keep_channel) instr.b = handles.channel;
    steps_.push_back(instr);
  }
  program_.steps = {steps_.data(), steps_.size()};
  program_.executable = plan.executable.c_str();
  program_.argv = argv_.data();
  program_.envp = envp_.data();
  program_.filter = &filter_;
  program_.filter_unwatched = &filter_unwatched_;
  program_.mask = handles.mask;
  program_.open_files = handles.open_files;
  program_.fresh_places = {fresh_places_.data(), plan.fresh_places.size()};
}

LoweredInit::LoweredInit(const Plan& plan, const InitHandles& handles,
                         const child::TestProgram& test) {
  steps_.reserve(plan.init.size());
  // The same steps in every case, so that a failed one has the same number and title.
  for (std::size_t i = 0; i < plan.init.size(); ++i) {
    child::Instr instr = lower_step(plan.init[i], i < handles.trees.size() ? handles.trees[i] : -1);
    if (instr.op == child::Op::join_group) {
      instr.a = handles.group_joins.at(static_cast<std::size_t>(instr.a));
    }
    if (instr.op == child::Op::parent_death && !handles.dies_with_parent) instr.a = 0;
    steps_.push_back(instr);
  }
  program_.init = {steps_.data(), steps_.size()};
  program_.test = &test;
  program_.command_line = {handles.command_line.data(), handles.command_line.size()};
  program_.control_fd = handles.control_fd;
  program_.parents_control_fd = handles.parents_control_fd;
  program_.supervisor_fd = handles.supervisor_fd;
  program_.isolated = plan.isolated;
}

}  // namespace sandbox
