// What a reader of --events may rely on, whatever it does itself.
#include "report/event_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "report/json.h"
#include "sandbox/report/samples.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const Event kEvent{"signal", 0.5, {{"signal", std::int64_t{15}}, {"from", std::string{"caller"}}}};

class EventStreamTo : public testing::Test {
 protected:
  EventStreamTo() {
    std::string pattern = fs::temp_directory_path() / "event-stream-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~EventStreamTo() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string in_folder(const std::string& name) const { return folder_ + "/" + name; }
  std::string content(const std::string& name) const {
    return read_file(in_folder(name)).value_or("no file");
  }

  std::string folder_;
  const Report report_ = full_report();
  const std::string whole_ = begin_line(report_) + event_line(kEvent) + report_line(report_);
};

EventStream stream_to(const std::string& target) {
  return EventStream{Reporting{.events = target}};
}

std::string to_fd(const UniqueFd& fd) {
  return "fd:" + std::to_string(fd.get());
}

std::optional<std::string> stream_all(EventStream& stream, const Report& report) {
  stream.begin(report);
  stream.event(kEvent);
  return stream.end(report);
}

std::string refusal(const Reporting& reporting) {
  try {
    const EventStream stream{reporting};
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 125);
    return error.what();
  }
  return "no error";
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

std::string read_to_end(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(size));
  }
}

void fill(int pipe) {
  const UniqueFd own{
      ::open(("/proc/self/fd/" + std::to_string(pipe)).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
  const std::string page(4096, ' ');
  while (::write(own.get(), page.data(), page.size()) > 0) {
  }
}

// --- the lines

TEST(EventLines, AreOneObjectALineWithAKind) {
  const Report report = extreme_report();
  for (const std::string& line :
       {begin_line(report), event_line(report.events[0]), report_line(report)}) {
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line.substr(0, 100);
    EXPECT_TRUE(Json::parse(line)["kind"].is_string()) << line.substr(0, 100);
  }
}

TEST(EventLines, OpenWithTheSchemaAndTheRun) {
  const Json json = Json::parse(begin_line(empty_report()));
  EXPECT_EQ(json.dump(),
            R"({"schema":"sandbox-events/1","kind":"begin","run_id":"0f3a","name":"t",)"
            R"("command":["./t"],"started_at":"2026-01-02T03:04:05.678Z"})");
}

TEST(EventLines, HoldEventsAndReportAsTheReportDoes) {
  const Report report = full_report();
  const Json json = Json::parse(to_json(report));
  EXPECT_EQ(Json::parse(event_line(report.events[1])), json["events"][1]);
  EXPECT_EQ(Json::parse(report_line(report))["report"], json);
}

// --- where they go

TEST_F(EventStreamTo, IsNothingWhenNoneIsNamed) {
  EventStream stream{Reporting{}};
  EXPECT_FALSE(stream.sink().event);
  EXPECT_EQ(stream_all(stream, report_), std::nullopt);
}

TEST_F(EventStreamTo, EmptiesAFileAndWritesEachLineAtOnce) {
  std::ofstream{in_folder("e")} << std::string(100'000, 'b');
  EventStream stream = stream_to(in_folder("e"));
  EXPECT_EQ(content("e"), "");
  const EventSink sink = stream.sink();
  sink.begin(report_);
  EXPECT_EQ(content("e"), begin_line(report_));
  sink.event(kEvent);
  EXPECT_EQ(content("e"), begin_line(report_) + event_line(kEvent));
  EXPECT_EQ(stream.end(report_), std::nullopt);
  EXPECT_EQ(content("e"), whole_);
}

TEST_F(EventStreamTo, ContinuesTheFileOfADescriptor) {
  const UniqueFd fd{::memfd_create("events", MFD_CLOEXEC)};
  ASSERT_TRUE(write_all(fd.get(), "before\n"));
  EventStream stream = stream_to(to_fd(fd));
  EXPECT_EQ(stream_all(stream, report_), std::nullopt);
  EXPECT_EQ(read_file("/proc/self/fd/" + std::to_string(fd.get())), "before\n" + whole_);
}

TEST_F(EventStreamTo, WritesToSocketsAndDevices) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd reader{ends[0]};
  UniqueFd writer{ends[1]};
  EventStream stream = stream_to(to_fd(writer));
  EXPECT_EQ(stream_all(stream, report_), std::nullopt);
  writer.reset();
  EXPECT_EQ(read_to_end(reader.get()), whole_);
  EventStream null = stream_to("/dev/null");
  EXPECT_EQ(stream_all(null, report_), std::nullopt);
}

TEST_F(EventStreamTo, RefusesWhatCannotBeOpened) {
  const std::string words = "cannot write --events ";
  EXPECT_EQ(refusal({.events = in_folder("none/e")}), words + in_folder("none/e") + ": ENOENT");
  EXPECT_EQ(refusal({.events = folder_}), words + folder_ + ": EISDIR");
  EXPECT_EQ(refusal({.events = "fd:1000"}), words + "fd:1000: EBADF");
  const Pipe pipe = make_pipe();
  EXPECT_EQ(refusal({.events = to_fd(pipe.read_end)}), words + to_fd(pipe.read_end) + ": EBADF");
  ASSERT_EQ(::mkfifo(in_folder("fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal({.events = in_folder("fifo")}), words + in_folder("fifo") + ": ENXIO");
}

TEST_F(EventStreamTo, RefusesTheFileThatTheReportReplaces) {
  fs::create_symlink("r", in_folder("link"));
  EXPECT_EQ(refusal({.report = in_folder("r"), .events = in_folder("link")}),
            "cannot write --events " + in_folder("link"));
  EXPECT_EQ(refusal({.report = "/dev/null", .events = "/dev/null"}), "no error");
}

// --- readers

TEST_F(EventStreamTo, LeavesTheCallersPipeABlockingOne) {
  const Pipe pipe = make_pipe();
  EventStream stream = stream_to(to_fd(pipe.write_end));
  stream.begin(report_);
  EXPECT_EQ(::fcntl(pipe.write_end.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(EventStreamTo, SurvivesAReaderThatHasGone) {
  (void)std::signal(SIGPIPE, SIG_DFL);
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Pipe pipe = make_pipe();
  Pipe socket{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
  for (Pipe* way : {&pipe, &socket}) {
    EventStream stream = stream_to(to_fd(way->write_end));
    stream.begin(report_);
    way->read_end.reset();
    stream.event(kEvent);
    stream.event(kEvent);
    EXPECT_EQ(stream.end(report_),
              "--events " + to_fd(way->write_end) + " ended early: its reader has gone");
  }
}

TEST_F(EventStreamTo, KeepsWhatASlowReaderDoesNotTake) {
  Pipe pipe = make_pipe();
  ASSERT_GT(::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, 4096), 0);
  EventStream stream = stream_to(to_fd(pipe.write_end));
  Report big = report_;
  big.warnings.assign(1, std::string(300'000, 'w'));
  std::string expected = begin_line(big);
  stream.begin(big);
  for (int i = 0; i < 1000; ++i) {
    stream.event(kEvent);  // returns although nobody reads
    expected += event_line(kEvent);
  }
  std::string seen;
  std::thread reader{[&] { seen = read_to_end(pipe.read_end.get()); }};
  EXPECT_EQ(stream.end(big), std::nullopt);
  pipe.write_end.reset();
  reader.join();
  EXPECT_TRUE(seen == expected + report_line(big)) << seen.size();
}

TEST_F(EventStreamTo, WaitsForABlockedReaderOnceAndNotForLong) {
  const Pipe pipe = make_pipe();
  EventStream stream = stream_to(to_fd(pipe.write_end));
  fill(pipe.write_end.get());
  const auto began = std::chrono::steady_clock::now();
  stream.begin(report_);
  stream.event(kEvent);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{2});
  EXPECT_EQ(stream.end(report_), "--events " + to_fd(pipe.write_end) +
                                     " ended early: its reader did not take the rest within 5 s");
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::seconds{5});
  EXPECT_LT(took, std::chrono::seconds{20});
}

TEST_F(EventStreamTo, DoesNotBlockOnAPipeThatItMayNotOpenAnew) {
  Pipe pipe = make_pipe();
  ASSERT_EQ(::fchmod(pipe.write_end.get(), 0), 0);
  constexpr uid_t kNobody = 65534;  // root may open anything
  const bool is_root = ::geteuid() == 0;
  ASSERT_TRUE(!is_root || ::seteuid(kNobody) == 0);
  EventStream stream = stream_to(to_fd(pipe.write_end));
  ASSERT_TRUE(!is_root || ::seteuid(0) == 0);
  Report big = report_;
  big.command.assign(1, std::string(200'000, 'c'));  // more than the pipe holds
  stream.begin(big);
  stream.event(kEvent);
  std::string seen;
  std::thread reader{[&] { seen = read_to_end(pipe.read_end.get()); }};
  EXPECT_EQ(stream.end(big), std::nullopt);
  pipe.write_end.reset();
  reader.join();
  EXPECT_TRUE(seen == begin_line(big) + event_line(kEvent) + report_line(big)) << seen.size();
}

TEST_F(EventStreamTo, EndsTheStreamWhereItsReaderIsTooFarBehind) {
  const Pipe pipe = make_pipe();
  EventStream stream = stream_to(to_fd(pipe.write_end));
  fill(pipe.write_end.get());
  Event big = kEvent;
  big.details["word"] = std::string(600'000, 'x');
  for (int i = 0; i < 4; ++i) stream.event(big);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(stream.end(report_), "--events " + to_fd(pipe.write_end) +
                                     " ended early: its reader is more than 1 MiB behind");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{2});
}

TEST_F(EventStreamTo, TellsOfAFullDisk) {
  EventStream stream = stream_to("/dev/full");
  EXPECT_EQ(stream_all(stream, report_), "--events /dev/full ended early: ENOSPC");
}

}  // namespace
}  // namespace sandbox
