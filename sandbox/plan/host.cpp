#include "plan/host.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "plan/identity.h"
#include "rootfs/id_map.h"
#include "sys/error.h"
#include "sys/files.h"

extern char** environ;

namespace sandbox {
namespace {

constexpr std::array kDevices{"/dev/null",   "/dev/zero",    "/dev/full",
                              "/dev/random", "/dev/urandom", "/dev/tty"};
constexpr std::array kKernelSettings{
    "/proc/sys", "/proc/sysrq-trigger", "/proc/irq",  "/proc/bus",
    "/proc/fs",  "/proc/scsi",          "/proc/acpi", "/proc/dynamic_debug"};
// Only what a test can be told about: memory, CPU and processes.
constexpr std::array kShownControllers{"memory", "cpu", "cpuacct", "pids"};

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

std::string working_directory() {
  char path[4096];
  if (!::getcwd(path, sizeof path)) {
    throw Error{"cannot find the current directory", errno,
                "it was deleted: cd to one that exists"};
  }
  // The caller's own spelling, where it means the same folder.
  const char* spelled = std::getenv("PWD");
  struct stat a, b;
  if (spelled && *spelled == '/' && ::stat(spelled, &a) == 0 && ::stat(".", &b) == 0 &&
      a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
    return spelled;
  }
  return path;
}

// In the first user namespace every id is mapped (user_namespaces(7)); root elsewhere, as in
// rootless Podman or unshare -r, is an ordinary user with another number.
bool in_first_user_namespace() {
  const std::string map = read_file("/proc/self/uid_map").value_or("");
  const auto fields = split(std::string_view{map}.substr(0, map.find('\n')), ' ');
  return !fields.empty() && fields.back() == "4294967295";
}

// CAP_SYS_ADMIN where every id can be given away.
bool may_map_ids() {
  if (::geteuid() != 0 || !in_first_user_namespace()) return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) < 0) return false;
  return data[0].effective & (1u << CAP_SYS_ADMIN);
}

std::string home_directory(const std::vector<std::string>& environment) {
  for (const std::string& entry : environment) {
    if (!entry.starts_with("HOME=")) continue;
    const auto real = real_path(entry.substr(5));
    if (real && *real != "/") return *real;
  }
  return "";
}

void find_hierarchies(Host& host, const std::vector<MountPoint>& mounts) {
  constexpr std::string_view base = "/sys/fs/cgroup/";
  for (const MountPoint& mount : mounts) {
    if (mount.type == "cgroup2") host.cgroup2 |= mount.point == "/sys/fs/cgroup";
    if (mount.type != "cgroup" || !is_within(mount.point, "/sys/fs/cgroup")) continue;
    const std::string name = mount.point.substr(base.size());
    const auto controllers = split(name, ',');
    const bool shown = std::ranges::any_of(controllers, [](std::string_view controller) {
      return std::ranges::find(kShownControllers, controller) != kShownControllers.end();
    });
    if (shown) host.v1_hierarchies.push_back(name);
  }
}

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof set, &set) < 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

void check_sources(const Policy& policy, Host& host) {
  for (const Mount& mount : policy.mounts) {
    host.sources.push_back(look_at(mount.source));
    const bool needed = mount.kind != MountKind::tmpfs && mount.kind != MountKind::ro_bind_try;
    if (needed && !host.sources.back().exists) {
      throw Error{mount.words + ": " + mount.source + " cannot be shown", errno};
    }
  }
}

std::vector<std::string> covered_places(const Policy& policy, const ProjectView& project) {
  std::vector<std::string> covered;
  for (const ProjectFolder& folder : project.folders) covered.push_back(folder.path);
  for (const Mount& mount : policy.mounts) {
    if (mount.kind != MountKind::tmpfs) covered.push_back(mount.destination);
  }
  return covered;
}

// The folder around cwd: the program may come from another, root's own.
std::string owners_place(const Host& host) {
  for (const ProjectFolder& folder : host.project.folders) {
    if (is_within(host.real_cwd, folder.path)) return folder.path;
  }
  return host.project.folders.empty() ? host.real_cwd : host.project.folders[0].path;
}

void find_owner(Host& host) {
  struct stat st;
  const std::string place = owners_place(host);
  if (::stat(place.c_str(), &st) < 0) return;
  host.project_uid = st.st_uid;
  host.project_gid = st.st_gid;
}

// The places that decide: where the program, the cwd and everything writable lie.
std::vector<std::string> places_that_matter(const Policy& policy, const Host& host) {
  std::vector<std::string> places{host.real_cwd,
                                  host.real_program.empty() ? host.program : host.real_program};
  for (const Mount& mount : policy.mounts) {
    if (mount.kind == MountKind::bind) places.push_back(mount.source);
  }
  for (const DeclaredOutput& output : host.outputs.outputs) places.push_back(output.path);
  return places;
}

std::shared_ptr<const UniqueFd> make_map_of_run(const Host& host) {
  Identity unused;
  take_unused_id(unused, host.pid, host.serial);
  return std::make_shared<UniqueFd>(make_id_map(unused.uid_outside, unused.gid_outside));
}

void probe_id_maps(const Policy& policy, const std::shared_ptr<const UniqueFd>& trial_map,
                   Host& host) {
  if (!host.root || policy.keep_root || host.project_uid != 0) return;
  host.ids_mappable = true;
  const auto map = trial_map ? trial_map : host.id_map = make_map_of_run(host);
  std::vector<int> tried;
  for (const std::string& place : places_that_matter(policy, host)) {
    const MountPoint* mount = mount_of(host.mounts, place);
    if (!mount || std::ranges::find(tried, mount->id) != tried.end()) continue;
    tried.push_back(mount->id);
    if (takes_id_map(mount->point, map->get())) continue;
    host.ids_mappable = false;
    host.unmappable = mount->point + " (" + mount->type + ")";
    return;
  }
}

void probe_terminal(Host& host) {
  for (const int fd : {0, 1, 2}) {
    char name[64];
    if (::isatty(fd) != 1) continue;
    host.terminal = true;
    if (::ttyname_r(fd, name, sizeof name) == 0) host.terminal_name = name;
  }
}

void probe_files(const Policy& policy, Host& host) {
  const auto mountinfo = read_file("/proc/self/mountinfo");
  if (!mountinfo) throw Error{"cannot read /proc/self/mountinfo", errno, "is /proc mounted?"};
  const char* own = std::getenv("SANDBOX_CGROUP");
  const CgroupView view{read_file("/proc/self/cgroup").value_or(""), parse_mountinfo(*mountinfo),
                        host.uid, own ? own : ""};
  find_hierarchies(host, view.mounts);
  host.site = find_site(view);
  if (policy.isolation == Isolation::none) return;
  host.mounts = visible_mounts(view.mounts);
  host.fresh = fresh_places(host.home);
  const std::string& program = host.real_program;
  host.project = discover_project(policy.project, host.cwd, program, host.home, host.fresh);
  host.needs = find_needs({host.program, policy.command, host.environment, host.cwd, host.home,
                           host.fresh, covered_places(policy, host.project), host.project.aliases});
  std::vector<std::string> guarded{host.cwd, program.substr(0, program.rfind('/'))};
  for (const ProjectFolder& folder : host.project.folders) guarded.push_back(folder.path);
  host.outputs = find_declared_outputs(policy.command, host.environment, host.cwd, guarded);
  host.warnings = host.outputs.warnings;
  find_owner(host);
}

void probe_accounts(const Policy& policy, Host& host) {
  host.passwd = read_file("/etc/passwd").value_or("");
  host.group = read_file("/etc/group").value_or("");
  for (const char* device : kDevices) {
    if (exists(device)) host.devices.emplace_back(device);
  }
  // Only an identity that is the host's root can change the kernel by them.
  const bool may_be_root = host.uid == 0 && !host.ids_mappable;
  for (const char* settings : kKernelSettings) {
    if (may_be_root && exists(settings)) host.kernel_settings.emplace_back(settings);
  }
  if (policy.network != Network::host) return;
  const std::string resolver = real_path("/etc/resolv.conf").value_or("");
  if (std::ranges::any_of(host.fresh, [&](auto& place) { return is_within(resolver, place); })) {
    host.resolver = resolver;
  }
}

SourceIdentity identity_of(const struct stat& st) {
  return {true, S_ISDIR(st.st_mode), st.st_dev, st.st_ino};
}

}  // namespace

SourceIdentity look_at(const std::string& path) {
  struct stat st;
  return path.empty() || ::stat(path.c_str(), &st) < 0 ? SourceIdentity{} : identity_of(st);
}

SourceIdentity look_at(int opened) {
  struct stat st;
  return ::fstat(opened, &st) < 0 ? SourceIdentity{} : identity_of(st);
}

Host probe_host(const Policy& policy, unsigned serial,
                const std::shared_ptr<const UniqueFd>& trial_map) {
  Host host;
  host.serial = serial;
  host.uid = ::geteuid();
  host.gid = ::getegid();
  host.pid = ::getpid();
  host.root = may_map_ids();
  host.umask = ::umask(0);
  ::umask(host.umask);
  for (char** entry = environ; *entry; ++entry) host.environment.emplace_back(*entry);
  host.cwd = working_directory();
  host.real_cwd = real_path(host.cwd).value_or(host.cwd);
  host.home = home_directory(host.environment);
  host.program = find_program(policy.command.at(0), host.cwd, host.environment);
  host.real_program = real_path(host.program).value_or("");
  host.allowed_cpus = allowed_cpus();
  probe_terminal(host);
  check_sources(policy, host);
  probe_files(policy, host);
  if (policy.isolation == Isolation::none) return host;
  probe_id_maps(policy, trial_map, host);
  probe_accounts(policy, host);
  return host;
}

}  // namespace sandbox
