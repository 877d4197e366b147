"""Bad input: one clear message that names the user's own words, exit 125 to 127, and a report where one can be written.
Nothing is half-run."""

import json
import os
import pathlib
import threading

import harness
import worlds
from harness import E2E, Started, probe, seconds


class Options(E2E):
    def refuse(self, *args, words=(), hint="", **how):
        """Refused with 125 before the program, which would leave a file, has started."""
        out = self.folder("out")
        result = self.sandbox("--bind", out, *args, "--", probe("write-file"), os.path.join(out, "ran"), report="maybe", **how)
        self.assert_refused(result, 125, *words)
        self.assertIn(hint, result.stderr)
        self.assertEqual(os.listdir(out), [], "it was run all the same")
        return result

    def test_an_unknown_option(self):
        self.refuse("--memroy=64M", words=["--memroy"], hint="--memory")
        self.refuse("--ro_bind", "/etc", words=["--ro_bind"], hint="--ro-bind")
        self.refuse("-x", words=["-x"])
        self.refuse("--frobnicate", words=["--frobnicate"])

    def test_a_missing_value(self):
        result = self.sandbox("--memory", report=False)
        self.assert_ended(result, exit=125)
        self.assertIn("--memory", result.stderr)

    def test_a_value_where_none_belongs(self):
        self.refuse("--quiet=yes", words=["--quiet"])

    def test_sizes_that_are_none(self):
        for value in ("abc", "-5M", "", "64X", "1e3", "nan", "99999999999999999999G", "64 M", "0x10", "64MM", "12"):
            with self.subTest(memory=value):
                self.refuse(f"--memory={value}", words=["--memory", value])

    def test_a_size_without_unit_says_what_was_probably_meant(self):
        self.refuse("--memory=256", words=["--memory", "256"], hint="256M")

    def test_times_that_are_none(self):
        for value in ("abc", "-1", "", "1x", "nan", "inf", "1e30", "99999999999999999999h", "0"):
            with self.subTest(timeout=value):
                self.refuse(f"--timeout={value}", words=["--timeout", value])

    def test_counts_that_are_none(self):
        for option, value in (("pids", "-1"), ("pids", "1.5"), ("pids", "99999999999999999999"), ("pids", "0"), ("uid", "-1"),
                              ("uid", "root"), ("uid", "4294967295"), ("gid", "99999999999"), ("cpus", "0"), ("cpus", "-2"),
                              ("cpus", "x"), ("cpuset", "x"), ("cpuset", "3-1"), ("keep-fd", "x"), ("keep-fd", "4567"),
                              ("network", "bridge"), ("seccomp", "strict"), ("allow", "usernz"), ("isolation", "half"),
                              ("env", "some"), ("signal-exit", "x"), ("if-unsupported", "x")):
            with self.subTest(option=option, value=value):
                self.refuse(f"--{option}={value}", words=["--" + option, value])

    def test_a_cpu_that_is_not_there(self):
        self.refuse("--cpuset=4095", words=["4095"])

    def test_several_problems_are_told_at_once(self):
        out = self.folder("out")
        result = self.sandbox("--memory=abc", "--timeout=xyz", "--", probe("write-file"), out, report="maybe")
        self.assert_ended(result, exit=125)
        for word in ("abc", "xyz"):
            self.assertIn(word, result.stderr)

    def test_a_bind_of_two_words(self):
        """--bind a b: bubblewrap's way; here b would be taken for the program."""
        os.mkdir(os.path.join(self.project, "a"))
        result = self.sandbox("--bind", "a", "b", "--", "true", report="maybe")
        self.assertIn(result.exit, (125, 127))
        self.assertIn("--bind a:b", result.stderr)

    def test_a_bind_with_a_mode(self):
        for mode, meant in (("ro", "--ro-bind"), ("rw", "--bind")):
            self.refuse("--bind", f"{self.project}:/tmp/x:{mode}", words=[f"{self.project}:/tmp/x:{mode}"], hint=meant)

    def test_a_bind_source_that_is_missing_or_dangles(self):
        os.symlink("/no/such/target", os.path.join(self.project, "dangling"))
        self.refuse("--bind", "/no/such/source", words=["--bind", "/no/such/source", "exist"])
        self.refuse("--ro-bind", "dangling", words=["--ro-bind", "dangling"])
        self.refuse("--bind", ":/x", words=[":/x"])
        self.refuse("--bind", "", words=["--bind"])

    def test_a_bind_of_a_home_that_the_shell_did_not_expand(self):
        self.refuse("--ro-bind=~/data", words=["~/data"], hint="$HOME")

    def test_walls_without_isolation(self):
        for words in (["--network", "off"], ["--tmpfs", "/mnt"], ["--uid", "7"], ["--bind", self.project]):
            with self.subTest(words=words):
                self.refuse("--isolation", "none", *words, words=["--isolation none", words[0]])

    def test_a_destination_that_leads_out_by_a_symlink(self):
        self.folder("project", "sub")
        os.symlink("/etc", os.path.join(self.project, "sub", "out"))
        data = self.folder("data")
        before = worlds._read("/proc/self/mountinfo")
        result = self.sandbox("--bind", f"{data}:{self.project}/sub/out", "--", probe("write-file"),
                              f"{self.project}/sub/out/made", report="maybe")
        self.assertEqual(worlds._read("/proc/self/mountinfo"), before)
        self.assertFalse(os.path.exists("/etc/made"))
        if result.exit != 0:  # followed inside, as Docker does, or refused
            self.assert_refused(result, 125, "sub/out")

    def test_a_device_that_is_none(self):
        self.refuse("--device", "/etc/passwd", words=["/etc/passwd"])
        self.refuse("--device", "/dev/no-such-device", words=["/dev/no-such-device"])

    def test_a_project_or_start_folder_that_is_none(self):
        self.refuse("--project", "/no/such/project", words=["--project", "/no/such/project"])
        self.refuse("--project", "/etc/passwd", words=["--project", "/etc/passwd"])
        self.refuse("--chdir", "/no/such/folder", words=["/no/such/folder"])

    def test_variables_that_are_none(self):
        self.refuse("--setenv", "NAME", words=["NAME"], hint="NAME=VALUE")
        self.refuse("--setenv", "=x", words=["="])
        self.refuse("--unsetenv", "A=B", words=["A=B"])
        self.refuse("--env-file", "/no/such/file", words=["/no/such/file"])


class Policies(E2E):
    def refuse(self, text, *words, hint=""):
        path = self.file("policy.json", text)
        result = self.sandbox("--policy", path, "--", probe("exit-with"), "0", report="maybe")
        self.assert_ended(result, exit=125)
        for word in (*words, "policy.json"):
            self.assertIn(word, result.stderr)
        self.assertIn(hint, result.stderr)
        return result

    def test_an_unknown_key(self):
        self.refuse('{"memroy": "64M"}', "memroy", hint="did you mean memory?")

    def test_a_key_twice(self):
        self.refuse('{"memory": "64M", "memory": "128M"}', "memory")

    def test_wrong_types(self):
        for text, word in (('{"memory": true}', "memory"), ('{"pids": "many"}', "pids"), ('{"pids": 3.7}', "pids"),
                           ('{"pids": -1}', "pids"), ('{"pids": 18446744073709551616}', "pids"), ('{"ro_bind": {}}', "ro_bind"),
                           ('{"ro_bind": [1]}', "ro_bind"), ('{"quiet": 1}', "quiet"), ('[1]', "policy.json"), ('"x"', ""),
                           ('{"setenv": [null]}', "setenv")):
            with self.subTest(text=text):
                self.refuse(text, word)

    def test_what_is_no_json_is_told_with_its_place(self):
        result = self.refuse('{\n  "memory": "64M"\n  "pids": 5\n}', "3")
        self.assertRegex(result.stderr, r"policy\.json:3|line 3")
        for text in ("", "{", '{"memory": "64M"} trailing', b"\xff\xfe", '{"memory": NaN}'):
            with self.subTest(text=text):
                self.refuse(text)

    def test_all_problems_are_told_at_once_with_their_places(self):
        self.refuse('{"memroy": "64M", "timeout": "abc", "pids": -3}', "memroy", "abc", "-3")

    def test_a_file_that_is_not_there(self):
        result = self.sandbox("--policy", "/no/such/policy.json", "--", "true", report="maybe")
        self.assert_refused(result, 125, "/no/such/policy.json")

    def test_paths_are_relative_to_the_file_and_flags_win(self):
        self.file("policies/data/input.txt", "words")
        self.file("policies/policy.json", json.dumps({"ro_bind": ["data:/tmp/shown"], "timeout": "20s"}))
        result = self.shell("cat /tmp/shown/input.txt; sleep 20", "--policy", f"{self.work}/policies/policy.json", "--timeout",
                            "0.5")
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertEqual(result.stdout, "words")

    def test_a_policy_of_the_environment(self):
        path = self.file("policy.json", '{"setenv": ["FROM=policy"]}')
        result = self.shell("echo $FROM", env={"SANDBOX_POLICY": path})
        self.assert_passed(result)
        self.assertEqual(result.stdout, "policy\n")


class Programs(E2E):
    def test_a_program_that_is_missing(self):
        result = self.sandbox("--", "/no/such/program")
        self.assert_verdict(result, "setup-failed", exit=127)
        self.assertIn("/no/such/program", result.sentence)
        result = self.sandbox("--", "no-such-program")
        self.assert_verdict(result, "setup-failed", exit=127)
        self.assert_sentence(result, "not found: no-such-program is not in PATH")

    def test_a_program_here_without_its_slash(self):
        self.script("project/test_bin", "true")
        result = self.sandbox("--", "test_bin")
        self.assert_verdict(result, "setup-failed", exit=127)
        self.assert_sentence(result, r"not found: test_bin is not in PATH; \./test_bin exists")

    def test_what_is_not_executable(self):
        plain = self.file("project/plain", "words")
        for program, words in ((plain, "plain"), ("./plain", "./plain"), (self.project, self.project), ("/", "/"),
                               ("/etc/passwd", "/etc/passwd")):
            with self.subTest(program=program):
                result = self.sandbox("--", program)
                self.assert_verdict(result, "setup-failed", exit=126)
                self.assertIn(words, result.sentence)

    def test_a_script_without_its_interpreter(self):
        script = self.script("project/script", "true", "#!/no/such/interpreter -x")
        result = self.sandbox("--", script)
        self.assertIn(result.exit, (126, 127), str(result))
        self.assertIn("/no/such/interpreter", result.sentence)
        self.assertIn("script", result.sentence)

    def test_a_script_through_env(self):
        script = self.script("project/script", "true", "#!/usr/bin/env no-such-interpreter")
        result = self.sandbox("--", script)
        self.assertNotEqual(result.exit, 0)
        self.assertIn("no-such-interpreter", result.stderr)

    def test_a_script_without_a_first_line(self):
        """execve(2) refuses it; shells run it all the same."""
        script = self.file("project/script", "echo ran\n", 0o755)
        result = self.sandbox("--", script)
        if result.exit != 0:
            self.assert_verdict(result, "setup-failed", exit=126)
            self.assertRegex(result.sentence, 'ENOEXEC|without a "#!" line')

    def test_a_broken_program(self):
        for text in (b"\x7fELF", b"\x7fELF" + b"\xff" * 200, b"", b"#!", b"#!\n", b"\0" * 100):
            with self.subTest(text=text[:8]):
                result = self.sandbox("--", self.file("project/broken", text, 0o755))
                self.assert_verdict(result, "setup-failed", exit=126)
                self.assertIn("broken", result.sentence)

    def test_an_empty_name(self):
        result = self.sandbox("--", "")
        self.assertIn(result.exit, (125, 127))
        self.assertRegex(result.stderr, '""|empty')

    def test_no_program_at_all(self):
        result = self.sandbox("--memory", "64M", report="maybe")
        self.assert_ended(result, exit=125)
        self.assertIn("program", result.stderr.lower())
        result = self.sandbox("--", report="maybe")
        self.assert_ended(result, exit=125)


class Arguments(E2E):
    def test_a_hundred_thousand_arguments(self):
        words = ["x"] * 100_000
        result = self.sandbox("--", "sh", "-c", "echo $#", "sh", *words)
        self.assert_passed(result)
        self.assertEqual(result.stdout, "100000\n")
        self.assertEqual(len(result.report["command"]), 100_004)

    def test_an_empty_argument(self):
        result = self.sandbox("--", "sh", "-c", 'echo "[$1]" $#', "sh", "", "b")
        self.assertEqual(result.stdout, "[] 2\n")

    def test_bytes_that_are_not_utf8(self):
        odd = b"caf\xe9"
        result = self.sandbox("--", "printf", "%s", odd, env={"ODD": odd})
        self.assert_passed(result)
        self.assertEqual(result.stdout.encode(errors="surrogateescape"), odd)
        self.assertEqual(result.report["command"][2], "caf\ufffd")

    def test_odd_bytes_in_options(self):
        result = self.sandbox("--name", b"caf\xe9", "--setenv", b"A=\xff", "--", "sh", "-c", 'printf %s "$A"')
        self.assert_passed(result)
        self.assertEqual(result.stdout.encode(errors="surrogateescape"), b"\xff")

    def test_control_characters_do_not_reach_the_terminal(self):
        result = self.sandbox("--", "no\x1b[31m-such\nsandbox-exec: passed: program")
        self.assertEqual(result.exit, 127)
        self.assertNotIn("\x1b", result.stderr)
        self.assertEqual(len(result.sentences), 1, str(result))

    def test_odd_names_of_files(self):
        odd = self.folder("project", "x:y")
        result = self.sandbox("--", "ls", odd)
        self.assert_passed(result)


class Surroundings(E2E):
    def test_a_deleted_cwd(self):
        gone = self.folder("gone")
        removed = "rmdir \"$PWD\" && exec \"$@\""
        result = self.sandbox("--", probe("exit-with"), "0", cwd=gone, wrapper=("sh", "-c", removed, "sh"), report="maybe")
        self.assert_ended(result, exit=125)
        self.assertRegex(result.stderr, "current (working )?directory|cwd|working directory")

    def test_closed_standard_files(self):
        """0, 1 and 2 closed by the caller: no file of the sandbox may take their place."""
        out = self.folder("out")
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                line = f'exec "$@" {closed}'
                result = self.sandbox("--bind", out, "--unsetenv", "SANDBOX_CHANNEL_FD", "--", "sh", "-c", f"ls -l /proc/self/fd > {out}/fds; exit 3",
                                      wrapper=("bash", "-c", line, "bash"))
                self.assertEqual(result.exit, 3, str(result))
                self.assertEqual(result.report["verdict"], "failed")
                listed = pathlib.Path(out, "fds").read_text(encoding="ascii")
                for inside in ("anon_inode", "socket:", "cgroup", ".json"):
                    self.assertNotIn(inside, listed)

    def test_stdout_that_is_full(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = self.sandbox("--", "echo", "x", stdout=full)
        self.assertEqual(result.report["verdict"], "failed")
        self.assertEqual(result.exit, 1)

    def test_stderr_that_is_full(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = self.sandbox("--", probe("exit-with"), "3", stderr=full)
        self.assertEqual(result.exit, 3)
        self.assertEqual(result.report["verdict"], "failed")

    def test_help_into_a_closed_or_full_stdout_says_so(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = self.sandbox("--help", stdout=full, report=False)
        self.assertEqual(result.exit, 125)
        self.assertTrue(result.stderr)

    def test_a_stopped_child_signal_mask_of_the_caller(self):
        """A caller that ignores SIGCHLD or blocks signals does not disturb the run."""
        code = ("import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
                "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGINT}); "
                "os.execv(sys.argv[1], sys.argv[1:])")
        result = self.sandbox("--timeout", "1", "--", probe("sleep-forever"), wrapper=("/usr/bin/python3", "-c", code))
        self.assert_verdict(result, "timed-out", exit=124)


class ReportPlaces(E2E):
    def test_a_path_that_cannot_be_written(self):
        for path in ("/no/such/folder/report.json", "/proc/report.json", self.project):
            with self.subTest(path=path):
                out = self.folder("out")
                result = self.sandbox("--report", path, "--bind", out, "--", probe("write-file"), f"{out}/ran", report=False)
                self.assert_ended(result, exit=125)
                self.assertIn(path, result.stderr)
                self.assertEqual(os.listdir(out), [], "it was run although its report was lost")

    def test_dev_null(self):
        result = self.sandbox("--report", "/dev/null", "--", probe("exit-with"), "3", report=False)
        self.assert_ended(result, exit=3)
        self.assertFalse(os.path.isfile("/dev/null"))

    def test_a_fifo(self):
        path = os.path.join(self.work, "fifo")
        os.mkfifo(path, 0o666)
        os.chmod(path, 0o666)
        read = []
        reader = threading.Thread(target=lambda: read.append(pathlib.Path(path).read_text(encoding="utf-8")))
        reader.start()
        result = self.sandbox("--report", path, "--", probe("exit-with"), "3", report=False)
        reader.join(seconds(10))
        self.assert_ended(result, exit=3)
        self.assertTrue(harness.is_fifo(path))
        self.assertEqual(harness.parse_report(read[0])["verdict"], "failed")

    def test_a_fifo_that_nobody_reads_does_not_hang(self):
        path = os.path.join(self.work, "fifo")
        os.mkfifo(path, 0o666)
        os.chmod(path, 0o666)
        started = self.start("--report", path, "--", probe("exit-with"), "3", report=False)
        try:
            result = started.finish(15)
        finally:
            Started.running.discard(started)
        self.assertIn(result.exit, (3, 125))

    def test_an_open_file_descriptor(self):
        path = self.file("by-fd.json")
        self.own(path)
        with open(path, "w", encoding="utf-8") as file:
            number = file.fileno()
            result = self.sandbox("--report", f"fd:{number}", "--", probe("show-world"), pass_fds=(number,), report=path)
        self.assert_ended(result, exit=0)
        self.assertEqual(result.report["verdict"], "passed")
        self.assertNotIn(str(number), result.world["fds"])

    def test_a_file_that_exists_is_replaced_at_once(self):
        path = self.file("report.json", "old")
        with open(path, encoding="utf-8") as before:
            result = self.sandbox("--report", path, "--", probe("exit-with"), "0", report=path)
            self.assertEqual(before.read(), "old", "written in place: a reader could see half a report")
        self.assertEqual(result.report["verdict"], "passed")

    def test_a_symlink_to_a_report(self):
        target = self.file("real.json", "old")
        link = os.path.join(self.work, "link.json")
        os.symlink(target, link)
        self.own(link)
        result = self.sandbox("--report", link, "--", probe("exit-with"), "0", report=link)
        self.assertEqual(result.report["verdict"], "passed")

    def test_no_temporary_file_is_left_beside_it(self):
        folder = self.folder("reports")
        self.sandbox("--report", f"{folder}/r.json", "--", probe("exit-with"), "3", report=f"{folder}/r.json")
        self.assertEqual(os.listdir(folder), ["r.json"])

    def test_a_full_disk_is_told(self):
        result = self.sandbox("--report", "/dev/full", "--", probe("exit-with"), "0", report=False)
        self.assertEqual(result.exit, 125)
        self.assertIn("ENOSPC", result.stderr)

    def test_a_report_dir_that_is_missing_or_none(self):
        result = self.sandbox("--report-dir", os.path.join(self.work, "new", "dir"), "--", probe("exit-with"), "0", report=False)
        self.assertIn(result.exit, (0, 125))
        if result.exit == 0:
            self.assertEqual(len(os.listdir(os.path.join(self.work, "new", "dir"))), 1)
        result = self.sandbox("--report-dir", "/etc/passwd", "--", probe("exit-with"), "0", report=False)
        self.assert_ended(result, exit=125)
        self.assertIn("/etc/passwd", result.stderr)

    def test_every_refusal_writes_a_report_where_it_can(self):
        for args in (["--memory=abc"], ["--memroy=1"], ["--bind", "/no/such/source"], ["--policy", "/no/such/policy"]):
            with self.subTest(args=args):
                result = self.sandbox(*args, "--", "true", report="maybe")
                self.assert_ended(result, exit=125)
                self.assertIsNotNone(result.report, "no report although its path was known")
                self.assertEqual(result.report["verdict"], "setup-failed")


if __name__ == "__main__":
    harness.main()
