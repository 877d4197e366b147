#include "table.h"

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace bench {
namespace {

constexpr int kNameWidth = 16;

std::string cell(double value, int width, int digits) {
  char text[64];
  (void)std::snprintf(text, sizeof text, "%*.*f", width, digits, value);
  return text;
}

std::string padded(std::string text, int width) {
  text.resize(std::max(text.size(), static_cast<std::size_t>(width)), ' ');
  return text;
}

std::string right(const std::string& text, int width) {
  const auto size = static_cast<int>(text.size());
  return std::string(static_cast<std::size_t>(std::max(0, width - size)), ' ') + text;
}

const Figures* find(std::span<const Figures> all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Figures::name);
  return found == all.end() ? nullptr : &*found;
}

std::string ratio(double value, double base) {
  return value > 0 && base > 0 ? cell(value / base, 8, 2) : right("-", 8);
}

void print_ratios(std::ostream& out, const Latency& latency, const Figures* yardstick) {
  const Latency* found = yardstick ? yardstick->at(latency.pace) : nullptr;
  const Latency base = found ? *found : Latency{};
  out << "   " << ratio(latency.p50(), base.p50()) << ratio(latency.p95(), base.p95())
      << ratio(latency.cpu_p50(), base.cpu_p50());
}

void print_head(std::ostream& out, Pace pace, const std::vector<std::string>& yardsticks) {
  out << '\n'
      << padded(name_of(pace), kNameWidth) << right("p50", 9) << right("p95", 9)
      << right("CPU p50", 9);
  for (const std::string& name : yardsticks) out << right("÷ " + name, 28);  // ÷ is two bytes
  out << '\n';
}

void print_latencies(std::ostream& out, Pace pace, std::span<const Figures> all,
                     const std::vector<std::string>& yardsticks) {
  const bool measured =
      std::ranges::any_of(all, [&](const Figures& figures) { return figures.at(pace); });
  if (!measured) return;
  print_head(out, pace, yardsticks);
  for (const Figures& figures : all) {
    const Latency* latency = figures.at(pace);
    if (!latency) continue;
    out << padded(figures.name, kNameWidth) << cell(latency->p50(), 9, 0)
        << cell(latency->p95(), 9, 0) << cell(latency->cpu_p50(), 9, 0);
    for (const std::string& name : yardsticks) print_ratios(out, *latency, find(all, name));
    out << '\n';
  }
}

void print_throughputs(std::ostream& out, std::span<const Figures> all) {
  if (all.empty() || all.front().throughputs.empty()) return;
  out << '\n' << padded("runs/s", kNameWidth);
  for (const Throughput& column : all.front().throughputs) {
    out << right(std::to_string(column.at_once) + " at once", 12);
  }
  out << right("peak KiB", 12) << '\n';
  for (const Figures& figures : all) {
    out << padded(figures.name, kNameWidth);
    for (const Throughput& figure : figures.throughputs) out << cell(figure.runs_per_second, 12, 0);
    out << (figures.peak_kib > 0 ? cell(figures.peak_kib, 12, 0) : right("-", 12)) << '\n';
  }
}

}  // namespace

void print_table(std::ostream& out, const Machine& machine, std::span<const Figures> all,
                 const std::vector<std::string>& yardsticks) {
  out << machine.kernel << ", " << machine.cpus << " CPUs, load " << cell(machine.load, 0, 2)
      << ", cgroup " << machine.cgroup << ", uid " << machine.uid << ", " << machine.date;
  if (!machine.commit.empty()) out << ", commit " << machine.commit;
  out << '\n';
  out << "microseconds; ÷: p50, p95 and CPU in those of the one named\n";
  for (const Pace pace : kPaces) print_latencies(out, pace, all, yardsticks);
  print_throughputs(out, all);
}

nlohmann::json to_json(const Machine& machine, std::span<const Figures> all) {
  nlohmann::json contenders = nlohmann::json::array();
  for (const Figures& figures : all) {
    nlohmann::json one{{"name", figures.name}, {"peak_kib", figures.peak_kib}};
    for (const Latency& latency : figures.latencies) {
      one["latencies"].push_back({{"pace", name_of(latency.pace)},
                                  {"p50_us", latency.p50()},
                                  {"p95_us", latency.p95()},
                                  {"cpu_p50_us", latency.cpu_p50()},
                                  {"samples_us", latency.microseconds},
                                  {"cpu_samples_us", latency.cpu_microseconds}});
    }
    for (const Throughput& figure : figures.throughputs) {
      one["throughputs"].push_back(
          {{"at_once", figure.at_once}, {"runs_per_second", figure.runs_per_second}});
    }
    contenders.push_back(std::move(one));
  }
  return {{"machine",
           {{"kernel", machine.kernel},
            {"cpu", machine.cpu},
            {"cpus", machine.cpus},
            {"load", machine.load},
            {"cgroup", machine.cgroup},
            {"uid", machine.uid},
            {"date", machine.date},
            {"commit", machine.commit}}},
          {"contenders", contenders}};
}

}  // namespace bench
