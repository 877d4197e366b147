// The root that the test sees: the host's tree, read-only, with fresh places over it.
#include <linux/mount.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "plan/plan.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using child::Op;

// Another user's 0700 folder hides what is mounted below it; and a host's mounts come and go.
constexpr std::uint64_t kWhereReachable = 1;
constexpr std::uint64_t kNoSuidDev = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::uint64_t kReadOnly = MOUNT_ATTR_RDONLY | kNoSuidDev;
constexpr std::uint64_t kFreshInodes = 200'000;
constexpr std::uint64_t kDefaultFreshBytes = 1ULL << 30;
// Where the one tmpfs lies until its folders are bound to their places; /tmp itself comes last.
constexpr const char* kStaging = "/tmp";

class RootPlanner {
 public:
  RootPlanner(Plan& plan, const Policy& policy, const Host& host)
      : plan_(plan), policy_(policy), host_(host) {}

  void plan() {
    clone_root();
    stage_fresh_places();
    show_kernel();
    free_all_ports();
    show_devices();
    bind_fresh_places();
    replace_places();
    show_project();
    show_needs();
    show_outputs();
    show_mounts();
    protect_kernel_settings();
    add(Op::pivot);
  }

 private:
  void add(Op op) { plan_.init.push_back({.op = op}); }
  void add(Step step) { plan_.init.push_back(std::move(step)); }

  void record(const std::string& destination, const std::string& source, const char* kind,
              bool writable, const std::string& why) {
    plan_.mounts.push_back({destination, source, kind, writable, plan_.identity.id_mapped, why});
  }

  bool in_fresh_place(const std::string& path) const {
    return std::ranges::any_of(host_.fresh,
                               [&](const auto& place) { return is_within(path, place); });
  }

  // Id-mapped, mounts can only be cloned one by one: each file system answers for itself.
  void clone_root() {
    const bool one_by_one = plan_.identity.id_mapped;
    add({.op = Op::root_clone,
         .text = "/",
         .text2 = "/",
         .flags = kReadOnly,
         .id_mapped = one_by_one,
         .recursive = !one_by_one});
    record("/", "/", "root", false, "the host's tree");
    if (!one_by_one) return;
    for (const MountPoint& mount : host_.mounts) {
      if (is_replaced(mount)) continue;
      add({.op = Op::bind_path,
           .text = mount.point,
           .text2 = mount.point,
           .flags = kReadOnly,
           .value = kWhereReachable,
           .id_mapped = true,
           .recursive = false});
    }
  }

  bool is_replaced(const MountPoint& mount) const {
    if (mount.point == "/" || in_fresh_place(mount.point)) return true;
    for (const char* place : {"/proc", "/dev"}) {
      if (is_within(mount.point, place)) return true;
    }
    if (is_within(mount.point, "/sys")) {
      return policy_.network != Network::host || is_within(mount.point, "/sys/fs/cgroup");
    }
    return mount.type == "autofs";
  }

  std::uint64_t fresh_bytes() const {
    return policy_.limits.memory ? policy_.limits.memory->count / 2 : kDefaultFreshBytes;
  }

  static std::string tmpfs_options(std::uint64_t size, unsigned mode) {
    char text[96];
    std::snprintf(text, sizeof text, "size=%llu,nr_inodes=%llu,mode=%o",
                  static_cast<unsigned long long>(size),
                  static_cast<unsigned long long>(kFreshInodes), mode);
    return text;
  }

  std::string staged(const std::string& place) const {
    std::string name = place.substr(1);
    std::replace(name.begin(), name.end(), '/', '-');
    return std::string{kStaging} + "/" + name;
  }

  void make_directory(const std::string& path, unsigned mode) {
    add({.op = Op::mkdir, .text = path, .a = mode});
  }

  static unsigned mode_of(const std::string& place) {
    const bool shared = place == "/tmp" || place == "/var/tmp" || place == "/dev/shm";
    return shared ? 01777 : place == "/root" ? 0700 : 0755;
  }

  void stage_fresh_places() {
    add({.op = Op::tmpfs,
         .text = kStaging,
         .text2 = tmpfs_options(fresh_bytes(), 0755),
         .flags = kNoSuidDev});
    for (const std::string& place : host_.fresh) make_directory(staged(place), mode_of(place));
    make_directory(staged("/dev"), 0755);
    if (!host_.v1_hierarchies.empty()) make_directory(staged("/cgroup"), 0755);
    stage_dev();
    stage_account_files();
  }

  void stage_dev() {
    const std::string dev = staged("/dev");
    for (const char* folder : {"/pts", "/shm"}) make_directory(dev + folder, 0755);
    for (const std::string& device : host_.devices) {
      add({.op = Op::make_file, .text = dev + device.substr(4), .a = 0666});
    }
    if (!host_.terminal_name.empty()) {
      add({.op = Op::make_file, .text = dev + "/console", .a = 0600});
    }
    constexpr std::array<std::array<const char*, 2>, 5> links{{{"pts/ptmx", "/ptmx"},
                                                               {"/proc/self/fd", "/fd"},
                                                               {"/proc/self/fd/0", "/stdin"},
                                                               {"/proc/self/fd/1", "/stdout"},
                                                               {"/proc/self/fd/2", "/stderr"}}};
    for (const auto& [target, name] : links) {
      add({.op = Op::symlink, .text = target, .text2 = dev + name});
    }
  }

  static bool has_id(const std::string& accounts, unsigned long id) {
    const std::string wanted = std::to_string(id);
    for (const std::string_view line : split(accounts, '\n')) {
      const auto fields = split(line, ':');
      if (fields.size() > 2 && fields[2] == wanted) return true;
    }
    return false;
  }

  std::string home() const { return host_.home.empty() ? "/tmp" : host_.home; }

  // Some programs ask who they are and fail without an answer.
  void stage_account_files() {
    const Identity& identity = plan_.identity;
    const std::string uid = std::to_string(identity.uid_inside);
    const std::string gid = std::to_string(identity.gid_inside);
    if (!host_.passwd.empty() && !has_id(host_.passwd, identity.uid_inside)) {
      replace_file("/etc/passwd",
                   host_.passwd + "sandbox:x:" + uid + ":" + gid + "::" + home() + ":/bin/sh\n");
    }
    if (!host_.group.empty() && !has_id(host_.group, identity.gid_inside)) {
      replace_file("/etc/group", host_.group + "sandbox:x:" + gid + ":\n");
    }
  }

  void replace_file(const std::string& path, const std::string& content) {
    add({.op = Op::make_file, .text = staged(path), .text2 = content, .a = 0644});
    add({.op = Op::bind_inside, .text = staged(path), .text2 = path, .flags = kReadOnly});
    record(path, "", "system", false, "an entry for the id inside");
  }

  void show_kernel() {
    // Before pivot: in a user namespace a proc can only be mounted where one is visible already.
    add({.op = Op::proc, .text = "/proc", .flags = kNoSuidDev | MOUNT_ATTR_NOEXEC});
    if (policy_.network != Network::host) {
      add({.op = Op::sysfs, .text = "/sys", .flags = kReadOnly | MOUNT_ATTR_NOEXEC});
    }
    show_groups();
  }

  void free_all_ports() {
    if (policy_.network == Network::host) return;
    add({.op = Op::write_inside,
         .text = "0",
         .text2 = "/proc/sys/net/ipv4/ip_unprivileged_port_start"});
  }

  void show_groups() {
    const std::uint64_t flags = kReadOnly | MOUNT_ATTR_NOEXEC;
    if (host_.v1_hierarchies.empty()) {
      if (host_.cgroup2) add({.op = Op::cgroup2, .text = "/sys/fs/cgroup", .flags = flags});
      return;
    }
    const std::string staged_groups = staged("/cgroup");
    for (const std::string& name : host_.v1_hierarchies) {
      make_directory(staged_groups + "/" + name, 0755);
    }
    add({.op = Op::bind_inside, .text = staged_groups, .text2 = "/sys/fs/cgroup", .flags = flags});
    for (const std::string& name : host_.v1_hierarchies) {
      add({.op = Op::cgroup, .text = "/sys/fs/cgroup/" + name, .text2 = name, .flags = flags});
    }
  }

  void bind_host(const std::string& source, const std::string& destination, std::uint64_t flags,
                 SourceIdentity seen = {}, const std::string& words = {}) {
    add({.op = Op::bind_path,
         .text = source,
         .text2 = destination,
         .flags = flags,
         .source = seen,
         .id_mapped = plan_.identity.id_mapped,
         .words = words});
  }

  // Everybody may use them: no map is needed, and devtmpfs and devpts take none.
  void bind_device(const std::string& source, const std::string& destination) {
    bind_host(source, destination, MOUNT_ATTR_NOSUID);
    plan_.init.back().b = 1;  // in a folder of our own, where nothing is a symlink to elsewhere
    plan_.init.back().id_mapped = false;
  }

  void show_devices() {
    add({.op = Op::bind_inside, .text = staged("/dev"), .text2 = "/dev"});
    for (const std::string& device : host_.devices) bind_device(device, device);
    // The terminal's own name belongs to the host's devpts; here ttyname(3) finds it as the
    // console.
    if (!host_.terminal_name.empty()) {
      bind_device(host_.terminal_name, "/dev/console");
    }
    add({.op = Op::devpts,
         .text = "/dev/pts",
         .text2 = "newinstance,ptmxmode=0666,mode=0620",
         .flags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC});
    record("/dev", "", "system", true, "null zero full random urandom tty ptmx pts shm fd");
  }

  bool bound_by_option(const std::string& place) const {
    return std::ranges::any_of(policy_.mounts, [&](const Mount& mount) {
      return mount.destination == place && mount.kind != MountKind::tmpfs;
    });
  }

  void bind_fresh_places() {
    for (const std::string& place : host_.fresh) {
      if (place != "/tmp") bind_fresh(place);
    }
    bind_fresh(kStaging);
    if (!bound_by_option(kStaging)) plan_.fresh_places.emplace_back(kStaging);
    make_directory("/run/lock", 01777);
    make_directory("/run/user", 0755);
    make_directory("/run/user/" + std::to_string(plan_.identity.uid_inside), 0700);
    if (!host_.home.empty() && in_fresh_place(host_.home)) make_directory(host_.home, 0700);
  }

  void bind_fresh(const std::string& place) {
    add({.op = Op::bind_inside, .text = staged(place), .text2 = place});
    record(place, "", "fresh", true, "");
  }

  void make_point(const std::string& destination, bool directory, const std::string& words) {
    if (!in_fresh_place(destination)) return;
    if (directory) {
      add({.op = Op::mkdir, .text = destination, .a = 0755, .words = words});
      return;
    }
    add({.op = Op::mkdir, .text = parent(destination), .a = 0755, .words = words});
    add({.op = Op::make_file, .text = destination, .a = 0644, .words = words});
  }

  static std::string parent(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
  }

  // Outside the fresh places the root clone shows it already, read-only.
  void show_project() {
    for (const ProjectFolder& folder : host_.project.folders) {
      record(folder.path, folder.path, "project", false, folder.why);
      if (!in_fresh_place(folder.path)) continue;
      make_point(folder.path, true, "");
      bind_host(folder.path, folder.path, kReadOnly);
    }
  }

  void show_needs() {
    for (const Need& need : host_.needs) {
      record(need.path, need.link.empty() ? need.path : need.link, "needed", false, need.why);
      if (!need.link.empty()) {
        add({.op = Op::mkdir, .text = parent(need.path), .a = 0755});
        add({.op = Op::symlink, .text = need.link, .text2 = need.path});
        continue;
      }
      make_point(need.path, need.directory, "");
      bind_host(need.path, need.path, kReadOnly);
    }
    if (policy_.network == Network::host && !host_.resolver.empty()) {
      make_point(host_.resolver, false, "");
      bind_host(host_.resolver, host_.resolver, kReadOnly);
      record(host_.resolver, host_.resolver, "system", false, "--network host");
    }
  }

  void show_outputs() {
    for (const DeclaredOutput& output : host_.outputs.outputs) {
      (output.directory ? plan_.folders_to_create : plan_.outputs_to_create).push_back(output.path);
      make_point(output.path, output.directory, output.why);
      bind_host(output.path, output.path, kNoSuidDev, {}, output.why);
      record(output.path, output.path, "declared-output", true, output.why);
    }
  }

  // A tmpfs over a fresh place: what is shown in that place must come on top of it.
  bool replaces_place(const Mount& mount) const {
    return mount.kind == MountKind::tmpfs &&
           std::ranges::find(host_.fresh, mount.destination) != host_.fresh.end();
  }

  void replace_places() {
    for (const Mount& mount : policy_.mounts) {
      if (replaces_place(mount)) show_mount(mount, {});
    }
  }

  void show_mounts() {
    for (std::size_t i = 0; i < policy_.mounts.size(); ++i) {
      if (replaces_place(policy_.mounts[i])) continue;
      show_mount(policy_.mounts[i], host_.sources.at(i));
    }
  }

  void show_mount(const Mount& mount, const SourceIdentity& seen) {
    if (mount.kind == MountKind::ro_bind_try && !seen.exists) return;
    if (mount.kind == MountKind::tmpfs) {
      make_point(mount.destination, true, mount.words);
      const std::uint64_t size = mount.size ? mount.size->count : fresh_bytes();
      add({.op = Op::tmpfs,
           .text = mount.destination,
           .text2 = tmpfs_options(size, mode_of(mount.destination)),
           .flags = kNoSuidDev,
           .words = mount.words});
      plan_.fresh_places.push_back(mount.destination);
      record(mount.destination, "", "option", true, mount.words);
      return;
    }
    const bool writable = mount.kind == MountKind::bind || mount.kind == MountKind::device;
    const std::uint64_t flags = mount.kind == MountKind::device ? MOUNT_ATTR_NOSUID
                                : writable                      ? kNoSuidDev
                                                                : kReadOnly;
    if (mount.kind == MountKind::device)
      make_device_point(mount, seen.directory);
    else
      make_point(mount.destination, seen.directory, mount.words);
    bind_host(mount.source, mount.destination, flags, seen, mount.words);
    record(mount.destination, mount.source, "option", writable, mount.words);
  }

  // /dev is ours and writable, though not a fresh place.
  void make_device_point(const Mount& mount, bool directory) {
    if (directory) {
      add({.op = Op::mkdir, .text = mount.destination, .a = 0755, .words = mount.words});
      return;
    }
    add({.op = Op::mkdir, .text = parent(mount.destination), .a = 0755, .words = mount.words});
    add({.op = Op::make_file, .text = mount.destination, .a = 0666, .words = mount.words});
  }

  // Kernel uid 0 passes permission checks on /proc/sys even without capabilities.
  void protect_kernel_settings() {
    if (!plan_.identity.host_root) return;
    for (const std::string& place : host_.kernel_settings) {
      add({.op = Op::bind_inside, .text = place, .text2 = place, .flags = kReadOnly});
    }
  }

  Plan& plan_;
  const Policy& policy_;
  const Host& host_;
};

}  // namespace

void plan_root(Plan& plan, const Policy& policy, const Host& host) {
  RootPlanner{plan, policy, host}.plan();
}

}  // namespace sandbox
