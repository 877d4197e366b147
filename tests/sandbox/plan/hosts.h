// Made-up hosts: what probe_host would have found there.
#pragma once

#include "plan/host.h"

namespace sandbox {

inline Host plain_host() {
  Host host;
  host.pid = 4711;
  host.umask = 022;
  host.cwd = "/home/u/project";
  host.home = "/home/u";
  host.program = "/home/u/project/build/t";
  host.environment = {"PATH=/usr/bin", "HOME=/home/u"};
  host.fresh = {"/dev/shm", "/home", "/root", "/run", "/tmp", "/var/tmp"};
  host.project.folders = {{"/home/u/project", "git work tree"}};
  host.mounts = {{1, 0, "8:1", "/", "/", "rw", "ext4"},
                 {2, 1, "8:2", "/", "/data", "rw", "ext4"},
                 {3, 1, "0:5", "/", "/run", "rw", "tmpfs"},
                 {4, 1, "0:6", "/", "/proc", "rw", "proc"}};
  host.passwd = "root:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n";
  host.group = "root:x:0:\nu:x:1000:\n";
  host.devices = {"/dev/null", "/dev/tty"};
  host.allowed_cpus = {0, 1};
  host.kernel_settings = {"/proc/sys", "/proc/sysrq-trigger"};
  return host;
}

inline Host user_on_v2() {
  Host host = plain_host();
  host.uid = host.gid = 1000;
  host.cgroup2 = true;
  host.site.layout = Layout::v2;
  host.site.places = {{{"memory", "cpu", "pids"}, "/sys/fs/cgroup/user", "/user"}};
  return host;
}

inline Host root_on_v1() {
  Host host = plain_host();
  host.root = true;
  host.ids_mappable = true;
  host.v1_hierarchies = {"cpu,cpuacct", "memory", "pids"};
  host.site.layout = Layout::v1;
  for (const char* name : {"memory", "cpu", "pids"}) {
    host.site.places.push_back({{name}, std::string{"/sys/fs/cgroup/"} + name, "/"});
  }
  return host;
}

inline Policy plain_policy() {
  Policy policy;
  policy.command = {"./build/t", "--flag"};
  return policy;
}

}  // namespace sandbox
