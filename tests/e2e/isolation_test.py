"""What the test sees, asked of the kernel by the programs inside; and that nothing inside changes the host."""

import json
import os
import pathlib
import signal
import socket
import stat
import subprocess

import harness
import processes
import worlds
from harness import E2E, SANDBOX_EXEC, probe, seconds

FRESH = ["/tmp", "/var/tmp", "/run", "/dev/shm", "/home", "/root"]
SECRETS = {"GITHUB_TOKEN": "t", "MY_PASSWORD": "p", "AWS_SECRET_ACCESS_KEY": "k", "SSH_AUTH_SOCK": "/tmp/s",
           "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x", "DOCKER_HOST": "tcp://h", "GITHUB_ENV": "/e", "APP_SECRET": "x"}
# What the host's kernel would have done: a refusal by the filter or for want of a capability, never "ok".
REFUSED = {"EPERM", "ENOSYS", "EACCES", "SIGSYS", "EAFNOSUPPORT"}


def environment_of(world):
    return dict(entry.split("=", 1) for entry in world["environment"])


class Files(E2E):
    def test_the_root_is_read_only(self):
        for place in ("/", "/etc", "/usr", "/var", "/opt"):
            with self.subTest(place=place):
                result = self.sandbox("--", probe("write-file"), os.path.join(place, "e2e-probe"))
                self.assert_ended(result, exit=1)
                self.assertRegex(result.stderr, "EROFS|EACCES")
                self.assertFalse(os.path.exists(os.path.join(place, "e2e-probe")))

    def test_the_root_is_read_only_for_root_too(self):
        self.require("root")
        result = self.sandbox("--keep-root", "--", probe("write-file"), "/etc/e2e-probe")
        self.assertIn("EROFS", result.stderr)

    def test_the_root_cannot_be_made_writable_again(self):
        for line in ("mount -o remount,rw,bind /", "mount -o remount,rw /"):
            with self.subTest(line=line):
                result = self.shell(f"{line} 2>/dev/null; touch /usr/e2e-probe")
                self.assertNotEqual(result.exit, 0)
        self.assertFalse(os.path.exists("/usr/e2e-probe"))

    def test_fresh_places_are_empty_and_writable(self):
        secret = self.file("secret", "s")
        for place in FRESH:
            if not os.path.isdir(place):
                continue
            with self.subTest(place=place):
                result = self.shell(f"test ! -e {secret} && touch {place}/e2e-file && cp /bin/true {place}/e2e-true && "
                                    f"{place}/e2e-true", "--project", "none", "--chdir", "/")
                self.assert_passed(result)
                self.assertFalse(os.path.exists(f"{place}/e2e-file"))

    def test_home_is_a_fresh_place(self):
        home = self.folder("home")
        self.file("home/.netrc", "secret")
        result = self.shell('test ! -e "$HOME/.netrc" && touch "$HOME/.cache" && test -d "$HOME"', env={"HOME": home})
        self.assert_passed(result)
        self.assertFalse(os.path.exists(os.path.join(home, ".cache")))

    def test_run_has_what_programs_expect_of_it(self):
        result = self.shell('test -d /run/lock && test -w "$XDG_RUNTIME_DIR" && stat -c "%a %u" "$XDG_RUNTIME_DIR"; id -u',
                            env={"XDG_RUNTIME_DIR": "/run/user/4711"})
        self.assert_passed(result)
        mode, owner, uid = result.stdout.split()
        self.assertEqual((mode, owner), ("700", uid))

    def test_the_project_is_visible_and_read_only(self):
        self.file("project/data/input.txt", "words")
        self.git("init")
        result = self.shell("cat data/input.txt && git status --short && ! touch data/new 2>/dev/null")
        self.assert_passed(result)
        self.assertIn("words", result.stdout)
        self.assertIn("data/", result.stdout)
        self.assertIn("project", {mount["kind"] for mount in result.report["mounts"]})

    def test_the_whole_work_tree_is_visible_from_a_folder_of_it(self):
        self.file("project/top.txt", "top")
        self.git("init")
        result = self.shell("cat ../../top.txt", cwd=self.folder("project/a/b"))
        self.assert_passed(result)

    def test_source_and_build_folder_are_found_by_the_cmake_cache(self):
        source, build = self.folder("source"), self.folder("elsewhere", "build")
        self.file("source/data.txt", "from the source")
        self.file("elsewhere/build/CMakeCache.txt", f"# The cache\nCMAKE_HOME_DIRECTORY:INTERNAL={source}\n")
        result = self.shell(f"cat {source}/data.txt", cwd=build)
        self.assert_passed(result)
        self.assertEqual(result.stdout, "from the source")

    def test_beside_the_project_nothing_of_a_fresh_place_is_seen(self):
        self.file("beside.txt", "x")
        result = self.shell(f"ls -A {self.work}")
        self.assert_passed(result)
        self.assertEqual(result.stdout.split(), ["project"])

    def test_a_project_can_be_named(self):
        other = self.folder("other")
        self.file("other/data.txt", "words")
        result = self.shell("cat data.txt", "--project", other, cwd=other)
        self.assert_passed(result)

    def test_a_bind_is_writable_and_its_files_belong_to_the_caller(self):
        out = self.folder("out")
        result = self.shell("id -u; echo made > /tmp/out/made; stat -c %u /tmp/out/made", "--bind", f"{out}:/tmp/out")
        self.assert_passed(result)
        inside, shown = result.stdout.split()
        self.assertEqual(inside, shown, "a new file does not look like one's own inside")
        made = pathlib.Path(out, "made")
        self.assertEqual(made.read_text(), "made\n")
        owner = worlds.ORDINARY_ID if worlds.SUDO else worlds.CALLER
        self.assertEqual(made.stat().st_uid, owner)

    def test_a_bind_of_one_path_shows_it_there(self):
        out = self.folder("out")
        self.assert_passed(self.shell(f"touch {out}/made", "--bind", out))
        self.assertTrue(os.path.exists(os.path.join(out, "made")))

    def test_a_ro_bind_is_read_only(self):
        data = self.folder("data")
        self.file("data/input", "words")
        result = self.shell(f"cat {data}/input; ! touch {data}/new 2>/dev/null", "--ro-bind", data)
        self.assert_passed(result)
        self.assertEqual(result.stdout, "words")

    def test_a_file_can_be_bound(self):
        data = self.file("data.txt", "words")
        result = self.shell("cat /tmp/shown.txt", "--ro-bind", f"{data}:/tmp/shown.txt")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "words")

    def test_a_missing_source_is_skipped_by_ro_bind_try_only(self):
        self.assert_passed(self.sandbox("--ro-bind-try", "/no/such/source", "--", probe("exit-with"), "0"))
        self.assert_refused(self.sandbox("--ro-bind", "/no/such/source", "--", probe("exit-with"), "0"), 125,
                            "/no/such/source")

    def test_a_bind_of_a_fresh_place_replaces_it(self):
        out = self.folder("out")
        self.file("out/there", "")
        result = self.shell("ls /var/tmp && touch /var/tmp/made", "--bind", f"{out}:/var/tmp")
        self.assert_passed(result)
        self.assertIn("there", result.stdout)
        self.assertTrue(os.path.exists(os.path.join(out, "made")))

    def test_a_destination_that_is_missing_in_the_read_only_root_is_told(self):
        result = self.sandbox("--ro-bind", f"{self.project}:/opt/no/such/place", "--", probe("exit-with"), "0")
        if result.exit != 0:  # bubblewrap would refuse too; what must not be is a run without the bind
            self.assert_refused(result, 125, "/opt/no/such/place")
        self.assertFalse(os.path.exists("/opt/no"))

    def test_a_tmpfs_has_its_size(self):
        result = self.sandbox("--tmpfs", "/tmp/small:2M", "--", probe("fill-place"), "/tmp/small", "8")
        self.assert_ended(result, exit=1)
        self.assertIn("ENOSPC", result.stderr)
        self.assertIn(result.stdout.strip(), ("1", "2"))

    def test_a_full_place_is_named_in_the_reason(self):
        result = self.sandbox("--tmpfs", "/tmp/small:2M", "--", probe("fill-place"), "/tmp/small", "8")
        self.assert_verdict(result, "failed", exit=1)
        self.assertIn("/tmp/small was full", result.sentence)

    def test_chdir_starts_there(self):
        self.folder("project", "sub")
        result = self.shell("pwd", "--chdir", os.path.join(self.project, "sub"))
        self.assert_passed(result)
        self.assertEqual(result.stdout.strip(), os.path.join(self.project, "sub"))

    def test_the_caller_s_directory_is_kept(self):
        self.assertEqual(self.show_world()["cwd"], self.project)

    def test_nosuid_holds_everywhere(self):
        for line in self.show_world()["mounts"].splitlines():
            options = line.split()[5].split(",")
            self.assertIn("nosuid", options, line)

    def test_a_mount_below_another_users_closed_folder_stays_hidden(self):
        """As a database's volume does. What the identity inside may not reach needs not be shown."""
        self.require("root")
        around = """set -e
mount -t tmpfs tmpfs /mnt; mkdir -p /mnt/closed/volume; mount -t tmpfs tmpfs /mnt/closed/volume
echo secret > /mnt/closed/volume/file; chown 1234 /mnt/closed; chmod 700 /mnt/closed
exec "$@" """
        result = self.sandbox("--", "cat", "/mnt/closed/volume/file",
                              wrapper=("unshare", "--mount", "bash", "-c", around, "-"))
        self.assert_verdict(result, "failed", exit=1)
        self.assertNotIn("secret", result.stdout)

    def test_later_mounts_of_the_host_do_not_come_in(self):
        mounts = self.show_world()["mounts"]
        for line in mounts.splitlines():
            self.assertNotRegex(line.split(" - ")[0], "shared:|master:", line)


IN_A_CONTAINER = """set -e
mount -t tmpfs tmpfs /mnt; mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
for place in proc sys dev; do mount --rbind /$place /mnt/root/$place; done
cd /mnt/root; mkdir -p old; pivot_root . old; cd /; umount -l /old
mkdir -p /srv/project; cd /srv/project
"$1" --report fd:1 -- sh -c 'id -u; ! echo > /proc/sys/kernel/panic; ! touch x; grep CapEff /proc/self/status'
"""


class InAContainer(E2E):
    def test_root_on_an_overlay_stays_root_without_rights(self):
        self.require("root")
        if worlds.USER_MODE_LINUX or worlds.SUDO:
            self.skipTest("the root of the guests is tested by its other classes; sudo is no container")
        done = subprocess.run(["unshare", "--mount", "bash", "-c", IN_A_CONTAINER, "-", SANDBOX_EXEC],
                              capture_output=True, text=True, timeout=seconds(20), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        said, _, report = done.stdout.partition("{")
        self.assertEqual(said.split(), ["0", "CapEff:", "0" * 16])
        report = json.loads("{" + report)
        self.assertEqual(report["identity"]["how"], "caller's id without capabilities")
        self.assertIn("(overlay) takes no id-mapped mount", str(report["warnings"]))


class Planted(E2E):
    """What a test leaves in a writable folder must not lead the sandbox elsewhere afterwards."""

    def setUp(self):
        super().setUp()
        self.out = self.folder("out")
        self.victim = self.file("victim", "untouched")

    def assert_untouched(self):
        self.assertEqual(pathlib.Path(self.victim).read_text(encoding="utf-8"), "untouched")

    def test_a_link_at_the_reports_path(self):
        report = os.path.join(self.out, "r.json")
        result = self.shell(f"ln -sf {self.victim} {report}", "--bind", self.out, "--report", report, report=False)
        self.assertEqual(result.exit, 0, str(result))
        self.assert_untouched()
        self.assertIn("sandbox-report/1", pathlib.Path(report).read_text(encoding="utf-8"))

    def test_a_link_at_a_declared_output(self):
        output = os.path.join(self.out, "o.xml")
        os.symlink(self.victim, output)
        result = self.shell('echo written > "$XML_OUTPUT_FILE"', env={"XML_OUTPUT_FILE": output})
        self.assertNotEqual(result.exit, 0, str(result))
        self.assert_untouched()
        self.assertIn("symlink", str(result.report["warnings"]))


class Streams(E2E):
    def test_standard_streams_can_be_opened_again(self):
        if worlds.CALLER not in (0, os.geteuid()):
            self.skipTest("the pipes are those of the harness, root's: an ordinary user cannot open them outside either")
        result = self.sandbox("--", "sh", "-c", "cat /dev/stdin > /dev/stdout; echo err > /dev/stderr", input=b"in\n")
        self.assert_passed(result)
        self.assertEqual((result.stdout, result.stderr), ("in\n", "err\n"))


class Nested(E2E):
    def test_a_sandbox_without_isolation_runs_in_a_sandbox(self):
        result = self.sandbox("--", SANDBOX_EXEC, "--isolation", "none", "--", "sh", "-c", "echo inner; exit 7")
        self.assert_ended(result, exit=7)
        self.assertEqual(result.stdout, "inner\n")


class Devices(E2E):
    def test_dev_has_the_usual_and_nothing_else(self):
        devices = set(self.show_world()["devices"])
        usual = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fd"}
        self.assertLessEqual(usual, devices)
        self.assertLessEqual(devices, usual | {"stdin", "stdout", "stderr", "mqueue", "console", "core"})

    def test_the_devices_work(self):
        result = self.shell("head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; echo x > /dev/null; "
                            "echo x > /dev/full || echo full; echo a | cat /dev/stdin; cat < /dev/fd/0 </dev/null")
        self.assertEqual(result.stdout.split(), ["4", "4", "full", "a"])

    def test_a_pseudo_terminal_can_be_opened(self):
        result = self.sandbox("--", "script", "-qec", "tty", "/dev/null")
        self.assert_passed(result)
        self.assertIn("/dev/pts/", result.stdout)

    def test_a_device_can_be_shown(self):
        shown = "/dev/fuse" if os.path.exists("/dev/fuse") else "/dev/kmsg"
        if not os.path.exists(shown):
            self.skipTest("neither /dev/fuse nor /dev/kmsg here")
        self.assertIn(os.path.basename(shown), self.show_world("--device", shown)["devices"])
        self.assertNotIn(os.path.basename(shown), self.show_world()["devices"])


class Processes(E2E):
    def test_only_its_own_processes_are_seen(self):
        world = self.show_world()
        self.assertEqual(sorted(world["processes"]), sorted({1, world["pid"]}))
        self.assertEqual(world["ppid"], 1)
        self.assertNotEqual(world["pid"], 1)

    def test_pid_numbers_are_distinct_between_sandboxes(self):
        """The test's number is one of the host's: %p in two logs never collides."""
        started = [self.start("--", "sh", "-c", "echo $$; sleep 20") for _ in range(2)]
        numbers = [int(one.line()) for one in started]
        for one in started:
            one.process.terminate()
            one.finish()
        self.assertNotEqual(*numbers)
        self.assertTrue(all(number > 1 for number in numbers))

    def test_the_test_has_the_outer_number_of_its_init(self):
        started = self.start("--", "sh", "-c", "echo $$; exec sleep 20")
        number = int(started.line())
        self.assertIn(number, processes.descendants(started.pid))
        started.process.terminate()
        started.finish()

    def test_it_leads_a_session_of_its_own(self):
        world = self.show_world()
        self.assertEqual((world["sid"], world["pgrp"]), (world["pid"], world["pid"]))
        self.assertEqual(world["terminal"], "")

    def test_the_init_tells_no_secrets(self):
        world = self.show_world("--setenv", "PLAIN=e2e-value", env=SECRETS)
        self.assertNotIn("e2e-value", " ".join(world["init_cmdline"]))
        self.assertEqual([entry for entry in world["init_environment"] if entry], [])

    def test_file_descriptors_are_0_1_2_and_the_channel_only(self):
        read_end, write_end = os.pipe()
        world = self.show_world(pass_fds=(read_end, write_end))
        os.close(read_end), os.close(write_end)
        self.assertEqual(set(world["fds"]), {"0", "1", "2", "63"})

    def test_a_file_descriptor_can_be_kept(self):
        read_end, write_end = os.pipe()
        result = self.shell(f"echo through >&{write_end}", "--keep-fd", str(write_end), pass_fds=(write_end,))
        os.close(write_end)
        self.assert_passed(result)
        with os.fdopen(read_end) as file:
            self.assertEqual(file.read(), "through\n")

    def test_limits_and_mask_are_the_callers_but_for_core(self):
        world = self.show_world()
        import resource
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1] % 2**64  # never raised: sudo(8) sets 0
        self.assertEqual(world["limits"]["core"], [min(1, hard)] * 2)
        self.assertEqual(world["identity"]["umask"], 0o022)
        self.assertEqual(world["oom_score_adj"].strip(),
                         pathlib.Path("/proc/self/oom_score_adj").read_text(encoding="ascii").strip())

    def test_core_dumps_can_be_allowed(self):
        import resource
        before = resource.getrlimit(resource.RLIMIT_CORE)
        world = self.show_world("--core")
        self.assertEqual(tuple(world["limits"]["core"]), tuple(v % 2**64 for v in before))

    def test_signals_are_at_their_defaults(self):
        status = self.show_world()["status"]
        self.assertEqual(int(status["SigBlk"], 16), 0)
        self.assertEqual(int(status["SigIgn"], 16) & ~(1 << (signal.SIGPIPE - 1)), 0)

    def test_argv_is_untouched(self):
        result = self.sandbox("--", probe("show-world"), "", "a b", "--", "--memory", "*")
        self.assertEqual(result.world["argv"], [probe("show-world"), "", "a b", "--", "--memory", "*"])

    def test_ipc_is_its_own(self):
        word = f"e2e-{os.getpid()}"
        made = self.sandbox("--", probe("use-ipc"), "make", word)
        self.assertEqual(made.stdout, "mqueue ok\nshm ok\nsysv ok\n")
        look = subprocess.run([probe("use-ipc"), "look", word], stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(look.stdout, "mqueue ENOENT\nshm ENOENT\nsysv ENOENT\n")
        self.assertEqual(self.sandbox("--", probe("use-ipc"), "look", word).stdout, look.stdout)


class Identity(E2E):
    def test_it_has_no_capabilities_and_cannot_gain_any(self):
        status = self.show_world()["status"]
        for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[field], 16), 0, field)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2")

    def stays_root(self, report):
        """Where a file system takes no id-mapped mount the caller's id is kept, and that is said."""
        if not (worlds.USER_MODE_LINUX and worlds.CALLER == 0):
            return False
        self.assertEqual(report["identity"]["how"], "caller's id without capabilities")
        self.assertIn("takes no id-mapped mount", str(report["warnings"]))
        return True

    def test_who_one_is(self):
        result = self.sandbox("--", probe("show-world"))
        if self.stays_root(result.report):
            return
        world = result.world
        owner = worlds.ORDINARY_ID if worlds.SUDO or worlds.CALLER == 0 else worlds.CALLER
        self.assertEqual(world["identity"]["uid"], [owner] * 3)
        self.assertEqual(world["identity"]["gid"], [owner] * 3)

    def test_the_report_says_who(self):
        result = self.sandbox("--", probe("show-world"))
        self.assertEqual(result.report["identity"]["uid_inside"], result.world["identity"]["uid"][0])

    def test_outside_it_is_not_root(self):
        self.require("root")
        started = self.start("--", probe("sleep-forever"))
        started.line()
        main = started.wait_for("sleep-forever")
        uids = next(line for line in worlds._read(f"/proc/{main}/status").splitlines() if line.startswith("Uid"))
        started.process.terminate()
        if not self.stays_root(started.finish().report):
            self.assertNotIn("0", uids.split()[1:], uids)

    def test_the_projects_files_appear_as_ones_own(self):
        self.file("project/private.txt", "only for the owner", 0o600)
        result = self.shell("cat private.txt; stat -c %u private.txt; id -u; test -O private.txt")
        self.assert_passed(result)
        text, owner, uid = result.stdout.replace("owner", "owner\n").split("\n")[:3]
        self.assertEqual((text, owner), ("only for the owner", uid))

    def test_the_inside_id_has_a_name(self):
        result = self.shell("id -un && id -gn && getent passwd $(id -u)")
        self.assert_passed(result)

    def test_an_id_can_be_chosen(self):
        world = self.show_world("--uid", "4711", "--gid", "4712")
        self.assertEqual(world["identity"]["uid"], [4711] * 3)
        self.assertEqual(world["identity"]["gid"], [4712] * 3)
        self.assert_passed(self.shell("id -un && getent passwd 4711", "--uid", "4711", "--gid", "4712"))

    def test_root_can_stay_root(self):
        self.require("root")
        world = self.show_world("--keep-root")
        self.assertEqual(world["identity"]["uid"], [0] * 3)
        self.assertEqual(int(world["status"]["CapEff"], 16), 0)

    def test_root_that_stays_root_cannot_set_kernel_variables(self):
        self.require("root")
        before = worlds._read("/proc/sys/kernel/panic")
        result = self.shell(f"echo {before.strip()} > /proc/sys/kernel/panic", "--keep-root")
        self.assertNotEqual(result.exit, 0, "wrote /proc/sys/kernel/panic")

    def test_supplementary_groups_are_gone_or_unmapped(self):
        groups_inside = self.show_world()["identity"]["groups"]
        self.assertLessEqual(set(groups_inside), {65534, worlds.CALLER, worlds.ORDINARY_ID})

    def test_each_namespace_is_its_own(self):
        world = self.show_world()
        for kind, link in world["namespaces"].items():
            with self.subTest(namespace=kind):
                self.assertNotEqual(link, os.readlink(f"/proc/self/ns/{kind}"))

    def test_the_session_keyring_is_its_own(self):
        self.require("tool:keyctl")
        outside = subprocess.run(["keyctl", "show"], stdout=subprocess.PIPE, text=True, check=False).stdout
        inside = self.sandbox("--allow=keyring", "--", "keyctl", "show").stdout
        self.assertNotEqual(outside.splitlines()[1:2], inside.splitlines()[1:2])


class Environment(E2E):
    def test_secrets_and_host_sockets_stay_outside(self):
        result = self.sandbox("--", probe("show-world"), env={**SECRETS, "PLAIN": "value", "GIT_AUTHOR_NAME": "me"})
        seen = environment_of(result.world)
        for name in SECRETS:
            self.assertNotIn(name, seen)
            self.assertIn(name, result.report["environment"]["removed"])
        self.assertEqual((seen["PLAIN"], seen["GIT_AUTHOR_NAME"]), ("value", "me"))
        self.assertNotIn("AWS_SECRET_ACCESS_KEY=k", json.dumps(result.report))

    def test_values_of_secrets_are_nowhere_in_the_report(self):
        result = self.sandbox("--", probe("exit-with"), "0", env={"DEPLOY_TOKEN": "e2e-very-secret"})
        self.assertNotIn("e2e-very-secret", json.dumps(result.report))

    def test_options_win_over_the_filter(self):
        options = ["--keep-env", "GITHUB_TOKEN", "--setenv", "MY_PASSWORD=other", "--unsetenv", "PLAIN", "--setenv", "NEW=1"]
        seen = environment_of(self.show_world(*options, env={**SECRETS, "PLAIN": "value"}))
        self.assertEqual((seen["GITHUB_TOKEN"], seen["MY_PASSWORD"], seen["NEW"]), ("t", "other", "1"))
        self.assertNotIn("PLAIN", seen)

    def test_a_clean_environment(self):
        seen = environment_of(self.show_world("--env=clean", env={"PLAIN": "value", "LANG": "C.UTF-8"}))
        self.assertNotIn("PLAIN", seen)
        self.assertEqual(seen["LANG"], "C.UTF-8")
        self.assertIn("PATH", seen)

    def test_an_env_file(self):
        path = self.file("variables", "# words\nONE=1\nTWO=a b\nPLAIN\n")
        seen = environment_of(self.show_world("--env-file", path, env={"PLAIN": "value"}))
        self.assertEqual((seen["ONE"], seen["TWO"], seen["PLAIN"]), ("1", "a b", "value"))

    def test_a_tmpdir_that_is_not_there_is_replaced(self):
        result = self.shell('test -w "$TMPDIR" && test -w "$TEST_TMPDIR" && mktemp', env={"TMPDIR": "/no/such/tmp"})
        self.assert_passed(result)


class Network(E2E):
    def test_loopback_is_up_and_all_there_is(self):
        world = self.show_world()
        self.assertEqual(world["network"], {"lo": True})
        self.assertEqual(world["net_in_sys"], ["lo"])
        self.assert_passed(self.sandbox("--", probe("listen-loopback"), "0"))

    def test_low_ports_are_free(self):
        result = self.sandbox("--", probe("listen-loopback"), "80")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "80\n")

    def test_the_same_port_in_two_sandboxes(self):
        first = self.start("--", probe("listen-loopback"), "8080", "--wait")
        self.assertEqual(first.line(), "8080")
        self.assert_passed(self.sandbox("--", probe("listen-loopback"), "8080"))
        first.process.terminate()
        first.finish()

    def host_listener(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return str(listener.getsockname()[1])

    def test_the_hosts_ports_are_out_of_reach(self):
        result = self.sandbox("--", probe("connect-to"), "127.0.0.1", self.host_listener())
        self.assert_ended(result, exit=1)
        self.assertIn("ECONNREFUSED", result.stderr)

    def test_nothing_beyond_is_reached(self):
        result = self.sandbox("--", probe("connect-to"), "192.0.2.1", "80")
        self.assertIn("ENETUNREACH", result.stderr)

    def test_the_hosts_abstract_sockets_are_out_of_reach(self):
        name = f"e2e-{os.getpid()}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("\0" + name)
            listener.listen(1)
            result = self.sandbox("--", probe("connect-to"), "unix", "@" + name)
        self.assertIn("ECONNREFUSED", result.stderr)

    def test_the_hosts_network_can_be_had(self):
        port = self.host_listener()
        result = self.sandbox("--network=host", "--", probe("connect-to"), "127.0.0.1", port)
        self.assert_passed(result)
        world = self.show_world("--network=host")
        self.assertEqual(set(world["net_in_sys"]), set(os.listdir("/sys/class/net")))
        if os.path.exists("/etc/resolv.conf"):
            self.assert_passed(self.shell("cat /etc/resolv.conf > /dev/null", "--network=host"))

    def test_no_network_at_all(self):
        self.assertEqual(self.show_world("--network=off")["network"].get("lo", False), False)
        result = self.sandbox("--network=off", "--", probe("connect-to"), "127.0.0.1", "80")
        self.assertIn("ENETUNREACH", result.stderr)

    def test_none_is_what_docker_calls_loopback(self):
        self.assertEqual(self.show_world("--network=none")["network"], {"lo": True})


class Kernel(E2E):
    def calls(self, *options):
        result = self.sandbox(*options, "--", probe("try-syscalls"))
        self.assert_ended(result, exit=0)
        return result.world

    def test_what_reaches_the_host_is_refused(self):
        calls = self.calls()
        for name in ("acct", "add_key", "bpf", "clock_settime", "clone_newuser", "delete_module", "fsopen", "init_module",
                     "kexec_load", "keyctl", "mknod_disk", "mount", "mount_setattr", "move_mount", "open_by_handle_at",
                     "open_tree", "perf_event_open", "pivot_root", "quotactl", "reboot", "setns", "socket_packet", "swapon",
                     "syslog", "tioclinux", "tiocsti", "tiocsti_high_bits", "umount2", "unshare_newnet", "unshare_newuser",
                     "userfaultfd", "chroot"):
            with self.subTest(call=name):
                self.assertIn(calls[name], REFUSED)

    def test_what_programs_fall_back_from_is_answered_as_unknown(self):
        calls = self.calls()
        for name in ("clone3", "io_uring_setup", "unknown"):
            with self.subTest(call=name):
                self.assertEqual(calls[name], "ENOSYS")

    def test_what_debuggers_and_sanitizers_need_works(self):
        calls = self.calls()
        for name in ("limit_own_cpu", "memfd_create", "personality", "ptrace", "read_own_memory", "seccomp", "socket_netlink"):
            with self.subTest(call=name):
                self.assertEqual(calls[name], "ok")

    def test_other_tables_are_no_way_around(self):
        calls = self.calls()
        if "x32" not in calls or worlds.USER_MODE_LINUX:
            self.skipTest("this kernel has one table only")
        self.assertEqual(calls["x32"], "SIGSYS")
        self.assertIn(calls["int80_mount"], REFUSED)

    def test_a_part_of_the_filter_can_be_lifted(self):
        calls = self.calls("--allow=userns,io-uring")
        self.assertEqual(calls["clone_newuser"], "ok")
        self.assertIn(calls["io_uring_setup"], ("ok", "EPERM"))  # EPERM: kernel.io_uring_disabled

    def test_the_filter_can_be_off(self):
        world = self.show_world("--seccomp=off")
        self.assertEqual(world["status"]["Seccomp"], "0")
        self.assertEqual(int(world["status"]["CapBnd"], 16), 0)


class Groups(E2E):
    def test_cgroup_files_and_proc_agree(self):
        world = self.show_world()
        for line in world["cgroup"].splitlines():
            number, controllers, path = line.split(":", 2)
            with self.subTest(hierarchy=controllers or "v2"):
                self.assertNotIn("..", path)
                self.assertNotIn("sandbox-e2e", path, "the host's path of the group is seen")
        result = self.shell("awk '$5 ~ \"^/sys/fs/cgroup\" {print $5, $6}' /proc/self/mountinfo")
        for line in result.stdout.splitlines():
            self.assertTrue(line.split()[1].startswith("ro,"), line)

    def test_its_own_caps_can_be_read(self):
        self.require("memory_group")
        file = "memory/memory.limit_in_bytes" if worlds.V1 else "memory.max"
        result = self.shell(f"cat /sys/fs/cgroup/{file}", "--memory", "64M")
        self.assert_passed(result)
        self.assertEqual(result.stdout.strip(), str(64 << 20))

    def test_its_caps_cannot_be_raised(self):
        self.require("memory_group")
        file = "memory/memory.limit_in_bytes" if worlds.V1 else "memory.max"
        result = self.shell(f"echo 1073741824 > /sys/fs/cgroup/{file}", "--memory", "64M")
        self.assertNotEqual(result.exit, 0)


class WithoutNamespaces(E2E):
    def test_isolation_none_uses_no_namespaces(self):
        world = self.show_world("--isolation=none")
        for kind in ("user", "pid", "mnt", "net", "ipc", "uts"):
            self.assertEqual(world["namespaces"][kind], os.readlink(f"/proc/self/ns/{kind}"), kind)
        self.assertEqual(world["identity"]["uid"], [worlds.CALLER] * 3)

    def test_isolation_none_keeps_verdict_and_report(self):
        self.assert_verdict(self.sandbox("--isolation=none", "--", probe("exit-with"), "3"), "failed", exit=3)
        result = self.sandbox("--isolation=none", "--timeout", "0.5", "--", probe("sleep-forever"))
        self.assert_verdict(result, "timed-out", exit=124)

    def test_isolation_none_keeps_caps(self):
        self.require("memory_group")
        result = self.sandbox("--isolation=none", "--memory", "64M", "--", probe("eat-memory"), "200")
        self.assert_verdict(result, "out-of-memory", signal=signal.SIGKILL)

    def test_isolation_none_leaves_nothing_running(self):
        result = self.sandbox("--isolation=none", "--", probe("leave-daemon"))
        self.assert_passed(result)
        self.assertLess(result.seconds, seconds(3))
        self.assertEqual(self.strays(seconds(1)), [])


class Host(E2E):
    """Nothing here would do harm if it got through: a file of ours, a setting to what it is already."""

    def test_what_would_change_the_host_is_refused(self):
        mode = oct(stat.S_IMODE(os.stat("/etc").st_mode))[2:]
        lines = (f"rm {self.project}/kept.txt", f"chmod {mode} /etc", f"hostname {socket.gethostname()}",
                 "mount -o remount,bind,rw /", "swapoff /no/such/swap", "echo 1 > /proc/sys/vm/drop_caches",
                 f"kill -0 {os.getpid()}", "test -c /dev/kmsg", "renice -n -1 $$")
        self.file("project/kept.txt", "kept")
        before = worlds._read("/proc/self/mountinfo")
        for line in lines:
            with self.subTest(line=line):
                self.assertNotEqual(self.shell(line).exit, 0)
        self.assertEqual(os.listdir(self.project), ["kept.txt"])
        self.assertEqual(worlds._read("/proc/self/mountinfo"), before)

    def test_a_signal_to_its_group_stays_inside(self):
        result = self.shell("trap 'exit 7' INT; kill -INT 0; exit 3")
        self.assert_verdict(result, "failed", exit=7)

    def test_symlinks_in_a_destination_do_not_lead_out(self):
        self.folder("project", "sub")
        os.symlink("/etc", os.path.join(self.project, "sub", "link"))
        result = self.shell("true", "--bind", f"{self.folder('out')}:{self.project}/sub/link/passwd")
        self.assertNotEqual(result.exit, 0)
        self.assertIn("link", result.stderr)


if __name__ == "__main__":
    harness.main()
