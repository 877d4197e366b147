#include "supervise/processes.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "seccomp/names.h"
#include "sys/files.h"

namespace sandbox {
namespace {

std::string proc_file(pid_t pid, pid_t tid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/" + name;
}

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> tids;
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  for (const std::string& name : subfolders(AT_FDCWD, path.c_str())) {
    if (const auto tid = leading_number(name)) tids.push_back(static_cast<pid_t>(*tid));
  }
  return tids;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  for (const pid_t tid : threads_of(pid)) {
    const std::string list = read_file(proc_file(pid, tid, "children")).value_or("");
    for (const std::string_view word : split(list, ' ')) {
      if (const auto child = leading_number(word)) children.push_back(static_cast<pid_t>(*child));
    }
  }
  return children;
}

// The fields of /proc/PID/stat after the name, which may itself hold blanks and parentheses.
std::vector<std::string_view> stat_fields(const std::string& stat) {
  const std::size_t end = stat.rfind(')');
  if (end == std::string::npos || end + 2 > stat.size()) return {};
  return split(std::string_view{stat}.substr(end + 2), ' ');
}

constexpr std::size_t kState = 0, kFlags = 6, kUser = 11,
                      kChildrenUser = 13;  // proc_pid_stat(5), minus 3

std::optional<double> seconds(const std::vector<std::string_view>& fields, std::size_t first,
                              std::size_t last) {
  if (fields.size() <= last) return std::nullopt;
  unsigned long long ticks = 0;
  for (std::size_t i = first; i <= last; ++i) ticks += leading_number(fields[i]).value_or(0);
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string command_line(pid_t pid) {
  constexpr std::size_t kLongest = 4096;
  std::string line = read_file("/proc/" + std::to_string(pid) + "/cmdline").value_or("");
  std::replace(line.begin(), line.end(), '\0', ' ');
  return trimmed(line.substr(0, kLongest));
}

std::string_view status_value(const std::string& status, std::string_view key) {
  for (const std::string_view line : split(status, '\n')) {
    if (line.substr(0, key.size()) == key) {
      const std::string_view value = line.substr(key.size());
      return value.substr(std::min(value.find_first_not_of(" \t"), value.size()));
    }
  }
  return {};
}

// The innermost number of "NSpid:\t4711\t2".
pid_t inner_number(std::string_view numbers, pid_t outer) {
  const std::size_t last = numbers.find_last_of(" \t");
  if (last != std::string_view::npos) numbers.remove_prefix(last);
  return static_cast<pid_t>(
      leading_number(numbers).value_or(static_cast<unsigned long long>(outer)));
}

std::string system_call(pid_t pid, pid_t tid) {
  const std::string text = trimmed(read_file(proc_file(pid, tid, "syscall")).value_or(""));
  const auto number = leading_number(text);
  return number ? system_call_name(static_cast<long>(*number)) : text;
}

std::string wait_channel(pid_t pid, pid_t tid) {
  const std::string text = trimmed(read_file(proc_file(pid, tid, "wchan")).value_or(""));
  return text == "0" ? "" : text;
}

std::optional<ThreadState> describe_thread(pid_t pid, pid_t tid) {
  const auto stat = read_file(proc_file(pid, tid, "stat"));
  const auto status = read_file(proc_file(pid, tid, "status"));
  if (!stat || !status) return std::nullopt;
  const auto fields = stat_fields(*stat);
  if (fields.empty() || fields[kState] == "Z" || fields[kState] == "X") return std::nullopt;
  ThreadState thread;
  thread.pid = inner_number(status_value(*status, "NStgid:"), pid);
  thread.tid = inner_number(status_value(*status, "NSpid:"), tid);
  thread.name = status_value(*status, "Name:");
  thread.state = status_value(*status, "State:");
  thread.command_line = command_line(pid);
  thread.wait_channel = wait_channel(pid, tid);
  thread.system_call = system_call(pid, tid);
  thread.cpu_seconds = seconds(fields, kUser, kUser + 1);
  return thread;
}

}  // namespace

bool goes_on(pid_t pid) {
  constexpr unsigned long long kExiting = 4;  // PF_EXITING
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
  const auto fields = stat_fields(stat);
  if (fields.size() <= kFlags || fields[kState] == "Z" || fields[kState] == "X") return false;
  return (leading_number(fields[kFlags]).value_or(0) & kExiting) == 0;
}

std::vector<pid_t> processes_below(pid_t init) {
  std::vector<pid_t> found = children_of(init);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const pid_t child : children_of(found[i])) found.push_back(child);
  }
  return found;
}

std::vector<ThreadState> describe_threads(const std::vector<pid_t>& pids, std::size_t most) {
  std::vector<ThreadState> threads;
  for (const pid_t pid : pids) {
    for (const pid_t tid : threads_of(pid)) {
      if (threads.size() >= most) return threads;
      if (auto thread = describe_thread(pid, tid)) threads.push_back(std::move(*thread));
    }
  }
  return threads;
}

std::vector<ThreadState> describe_processes(const std::vector<pid_t>& pids, std::size_t most) {
  std::vector<ThreadState> processes;
  for (const pid_t pid : pids) {
    if (processes.size() >= most) break;
    if (auto process = describe_thread(pid, pid)) processes.push_back(std::move(*process));
  }
  return processes;
}

CpuTimes cpu_times_below(pid_t init) {
  CpuTimes total;
  std::vector<pid_t> pids = processes_below(init);
  pids.push_back(init);
  for (const pid_t pid : pids) {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
    const auto fields = stat_fields(stat);
    for (const std::size_t user : {kUser, kChildrenUser}) {
      total.user += seconds(fields, user, user).value_or(0);
      total.system += seconds(fields, user + 1, user + 1).value_or(0);
    }
  }
  return total;
}

}  // namespace sandbox
