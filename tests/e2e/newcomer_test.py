"""A newcomer's first five minutes: what one types first does what one expects, or says what to do instead."""

import os
import pathlib
import subprocess
import tarfile

import harness
import worlds
from harness import E2E, SANDBOX_EXEC, probe

HELLO = "#include <cstdio>\nint main() { std::puts(\"hello\"); }\n"


class FirstCommands(E2E):
    def test_no_arguments(self):
        result = self.sandbox(report=False)
        self.assertEqual(result.exit, 125)
        self.assertEqual(result.stdout, "")
        self.assertIn("sandbox-exec", result.stderr)
        self.assertRegex(result.stderr, "--help|[Uu]sage")
        self.assertLess(len(result.stderr.splitlines()), 12, "a newcomer reads no wall of text")

    def test_help_fits_and_names_every_option(self):
        result = self.sandbox("--help", report=False)
        self.assert_ended(result, exit=0)
        self.assertEqual(result.stderr, "")
        for option in ("memory cpus cpuset pids timeout cpu-time grace project ro-bind ro-bind-try bind tmpfs device chdir "
                       "env keep-env setenv unsetenv env-file network uid gid keep-root keep-fd seccomp allow isolation core "
                       "policy report report-dir events name quiet best-effort signal-exit ctest if-unsupported dry-run doctor "
                       "version help").split():
            self.assertIn("--" + option, result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 100)

    def test_version(self):
        result = self.sandbox("--version", report=False)
        self.assert_ended(result, exit=0)
        self.assertRegex(result.stdout, r"^sandbox-exec [0-9]+\.[0-9]+")

    def test_dry_run_says_what_would_be_done_and_does_nothing(self):
        result = self.sandbox("--dry-run", "--bind", self.project, "--", probe("write-file"),
                              os.path.join(self.project, "made"), report=False)
        self.assert_ended(result, exit=0)
        self.assertIn("tmpfs", result.stdout)
        self.assertEqual(os.listdir(self.project), [])

    def test_doctor(self):
        result = self.sandbox("--doctor", report=False)
        self.assertIn(result.exit, (0, 1), str(result))
        for word in ("user namespace", "cgroup", "seccomp", "ptrace"):
            self.assertIn(word, result.stdout.lower())

    def test_ls(self):
        self.file("project/a.txt")
        result = self.sandbox("ls")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "a.txt\n")

    def test_the_dashes_are_optional(self):
        result = self.sandbox("sh", "-c", "echo $0 $1", "--memory", "x")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "--memory x\n")

    def test_bash(self):
        result = self.sandbox("bash", "-c", "echo $((6 * 7)); exit 3")
        self.assert_verdict(result, "failed", exit=3)
        self.assertEqual(result.stdout, "42\n")

    def test_a_program_of_this_folder(self):
        self.script("project/check", "echo checked")
        result = self.sandbox("./check")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "checked\n")

    def test_a_program_without_interpreter_or_library(self):
        result = self.sandbox(probe("greet-statically"))
        self.assert_passed(result)
        self.assertEqual(result.stdout, "hello\n")

    def test_stdin_is_handed_on(self):
        result = self.sandbox("cat", input=b"words\n")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "words\n")

    def test_a_pipe_whose_reader_leaves(self):
        line = f'"{SANDBOX_EXEC}" -- "{probe("write-output")}" 20 | head -c 100 | wc -c'
        shell = subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                               cwd=self.project, env=self.environment(None), check=True,
                               preexec_fn=harness._preparation(None, worlds.BECOME))
        self.assertEqual(shell.stdout.strip(), "100")
        self.assertNotIn("Broken pipe", shell.stderr)
        self.assertLessEqual(len(shell.stderr.splitlines()), 1, shell.stderr)

    def test_two_at_once(self):
        line = "echo mine > /tmp/file; echo ready; sleep 1; cat /tmp/file; hostname"
        both = [self.start("sh", "-c", line) for _ in range(2)]
        for one in both:
            one.line()
        for one in both:
            result = one.finish()
            self.assert_passed(result)
            self.assertIn("mine", result.stdout)

    def test_shared_reports_of_two_at_once(self):
        folder = self.folder("reports")
        both = [self.start("--report-dir", folder, "--name", "same", "--", "sleep", "0.2", report=False) for _ in range(2)]
        for one in both:
            self.assert_ended(one.finish(), exit=0)
        files = list(pathlib.Path(folder).iterdir())
        self.assertEqual(len(files), 2)
        for file in files:
            self.assertEqual(harness.parse_report(file.read_text(encoding="utf-8"))["name"], "same")

    def test_curl_says_itself_that_there_is_no_network(self):
        self.require("tool:curl")
        result = self.sandbox("curl", "-sS", "http://example.org/")
        self.assertEqual(result.report["verdict"], "failed")
        self.assertIn("curl: (6) Could not resolve host: example.org", result.stderr)


class Tools(E2E):
    def test_make(self):
        self.require("tool:make")
        self.file("project/Makefile", "all:\n\t@echo built in $(CURDIR)\n")
        result = self.sandbox("make")
        self.assert_passed(result)
        self.assertEqual(result.stdout, f"built in {self.project}\n")

    def test_a_compiler(self):
        self.file("project/hello.cpp", HELLO)
        result = self.shell("g++ -o /tmp/hello hello.cpp && /tmp/hello")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "hello\n")

    def ctest(self):
        """A build tree with two tests; runs all of them inside one sandbox."""
        self.require("tool:ctest")
        build = self.folder("project", "build")
        self.file("project/build/CTestTestfile.cmake", 'add_test(one "true")\nadd_test(two "true")\n')
        return self.sandbox("--bind", build, "--", "ctest", "--test-dir", build)

    def test_ctest_inside_one_sandbox(self):
        result = self.ctest()
        self.assert_passed(result)
        self.assertIn("100% tests passed", result.stdout)

    def test_ctest_inside_one_sandbox_is_told_what_to_use_instead(self):
        result = self.ctest()
        self.assertIn("CMAKE_TEST_LAUNCHER", str(result.report["warnings"]) + str(result.report["hint"]))

    def test_gdb_inside(self):
        self.require("tool:gdb")
        result = self.sandbox("gdb", "-batch", "-ex", "run", "-ex", "bt", "--args", probe("crash"), "SEGV")
        self.assert_passed(result)
        self.assertIn("SIGSEGV", result.stdout)
        self.assertIn("write_to_null", result.stdout)

    def test_strace_inside(self):
        self.require("tool:strace")
        result = self.sandbox("strace", "-f", "-e", "trace=execve,exit_group", "sh", "-c", "true; /bin/true")
        self.assert_passed(result)
        self.assertIn("exited with 0", result.stderr)

    def test_strace_around(self):
        self.require("tool:strace")
        result = self.sandbox("--", probe("exit-with"), "3", wrapper=("strace", "-f", "-o", "/dev/null"), timeout=60)
        self.assertEqual(result.exit, 3, str(result))
        self.assertEqual(result.report["verdict"], "failed")

    def test_valgrind_inside(self):
        self.require("tool:valgrind")
        result = self.sandbox("valgrind", "--error-exitcode=9", probe("exit-with"), "0", timeout=60)
        self.assert_passed(result)
        self.assertIn("ERROR SUMMARY: 0 errors", result.stderr)

    def test_time_around_and_inside(self):
        around = self.sandbox("--", "sleep", "0.2", wrapper=("bash", "-c", 'time "$@"', "bash"))
        self.assertRegex(around.stderr, r"real\s+0m0\.[2-9]")
        inside = self.sandbox("bash", "-c", "time sleep 0.2")
        self.assertRegex(inside.stderr, r"real\s+0m0\.2")

    def test_timeout_around(self):
        result = self.sandbox("--", probe("sleep-forever"), wrapper=("timeout", "0.5"))
        self.assertEqual(result.report["verdict"], "interrupted")

    def test_xvfb_run(self):
        self.require("tool:xvfb-run", "tool:Xvfb", "tool:xauth")
        result = self.sandbox("xvfb-run", "-a", "sh", "-c", "echo display $DISPLAY", timeout=60)
        self.assert_passed(result)
        self.assertRegex(result.stdout, "display :[0-9]+")

    def test_dbus_run_session(self):
        self.require("tool:dbus-run-session")
        result = self.sandbox("dbus-run-session", "--", "sh", "-c", 'echo "$DBUS_SESSION_BUS_ADDRESS"')
        self.assert_passed(result)
        self.assertRegex(result.stdout, "^unix:")

    def test_python_with_processes_and_locks(self):
        result = self.sandbox("/usr/bin/python3", "-c",
                              "import multiprocessing as m\nwith m.Pool(2) as p: print(p.map(abs, [-1, -2]))")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "[1, 2]\n")

    def test_sudo_inside_says_why_not(self):
        self.require("tool:sudo")
        result = self.sandbox("sudo", "true")
        self.assertNotEqual(result.exit, 0)
        self.assertTrue(result.stderr)


class Places(E2E):
    def test_a_git_work_tree_of_another_repository(self):
        self.require("tool:git")
        self.file("project/tracked.txt", "words")
        self.git("init")
        self.git("add", ".")
        self.git("commit", "-m", "first")
        tree = os.path.join(self.work, "tree")
        self.git("worktree", "add", tree)
        result = self.shell("git log --oneline && cat tracked.txt", cwd=tree)
        self.assert_passed(result)
        self.assertIn("first", result.stdout)

    def test_git_does_not_complain_about_the_owner(self):
        self.require("tool:git")
        self.git("init")
        result = self.sandbox("git", "status", "--short")
        self.assert_passed(result)
        self.assertNotIn("dubious", result.stderr)

    def test_a_build_folder_outside_the_source(self):
        self.require("tool:cmake")
        self.file("source/CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES NONE)\n")
        self.file("source/data.txt", "from the source")
        self.own(self.folder("source"))
        build = self.folder("builds", "one")
        subprocess.run(["cmake", "-S", self.folder("source"), "-B", build], check=True, stdout=subprocess.DEVNULL)
        self.script("builds/one/check", f"cat {self.work}/source/data.txt")
        for how in ({"cwd": build}, {"cwd": self.project}):
            with self.subTest(**how):
                result = self.sandbox(os.path.join(build, "check"), **how)
                self.assert_passed(result)
                self.assertEqual(result.stdout, "from the source")

    def test_a_tarball_without_git(self):
        self.file("project/data.txt", "words")
        self.script("project/check", "cat data.txt")
        with tarfile.open(os.path.join(self.work, "source.tar"), "w") as tar:
            tar.add(self.project, "source")
        with tarfile.open(os.path.join(self.work, "source.tar")) as tar:
            tar.extractall(self.work)
        result = self.sandbox("./check", cwd=os.path.join(self.work, "source"))
        self.assert_passed(result)
        self.assertEqual(result.stdout, "words")

    def test_places_that_are_no_project(self):
        home = self.folder("home")
        for place in (home, "/tmp", "/"):
            with self.subTest(cwd=place):
                result = self.sandbox("ls", cwd=place, env={"HOME": home})
                self.assert_refused(result, 125, place, "--project")

    def test_they_can_be_used_without_a_project(self):
        home = self.folder("home")
        for place in (home, "/tmp", "/"):
            with self.subTest(cwd=place):
                self.assert_passed(self.sandbox("--project", "none", "ls", cwd=place, env={"HOME": home}))

    def test_a_project_in_the_home_folder(self):
        home = self.folder("home")
        self.folder("home", "code")
        self.file("home/code/data.txt", "words")
        self.file("home/.ssh/id_rsa", "secret")
        result = self.shell("cat data.txt; ls -A ~", cwd=os.path.join(home, "code"), env={"HOME": home})
        self.assert_passed(result)
        self.assertIn("words", result.stdout)
        self.assertNotIn(".ssh", result.stdout)

    def test_a_program_whose_libraries_lie_under_home(self):
        library = self.folder("home", "lib")
        self.folder("home")
        self.compile("home/lib/libgreet.so", "#include <cstdio>\nvoid greet() { std::puts(\"hello\"); }\n", "-shared", "-fPIC")
        for words, flags, env in (("RUNPATH", [f"-Wl,-rpath,{library}"], {}),
                                  ("LD_LIBRARY_PATH", [], {"LD_LIBRARY_PATH": library})):
            with self.subTest(found_by=words):
                program = self.compile("project/use", "void greet();\nint main() { greet(); }\n", f"-L{library}", "-lgreet",
                                       *flags)
                result = self.sandbox(program, env={"HOME": self.folder("home"), **env})
                self.assert_passed(result)
                self.assertEqual(result.stdout, "hello\n")

    def test_a_library_that_is_hidden_is_named(self):
        """Found outside by a wrapper's own means, which the sandbox cannot know."""
        library = self.folder("home", "lib")
        self.compile("home/lib/libgreet.so", "void greet() {}\n", "-shared", "-fPIC")
        self.compile("project/use", "void greet();\nint main() { greet(); }\n", f"-L{library}", "-lgreet")
        script = self.script("project/run", f"LD_LIBRARY_PATH={library} exec ./use")
        result = self.sandbox(script, env={"HOME": self.folder("home")})
        self.assert_verdict(result, "failed", exit=127)
        self.assertIn("libgreet.so", result.stderr)

    def test_a_library_of_a_library_is_found_and_shown(self):
        """A RUNPATH of a library of the program, two steps away from what is shown by itself."""
        deep = self.folder("home", "deep")
        near = self.folder("project", "lib")
        self.folder("home")
        self.compile("home/deep/libdeep.so", "void deep() {}\n", "-shared", "-fPIC")
        self.compile("project/lib/libnear.so", "void deep();\nvoid near() { deep(); }\n", "-shared", "-fPIC", f"-L{deep}",
                     "-ldeep", f"-Wl,-rpath,{deep}")
        program = self.compile("project/use", "void near();\nint main() { near(); }\n", f"-L{near}", "-lnear",
                               f"-Wl,-rpath,{near}", f"-Wl,-rpath-link,{deep}")
        result = self.sandbox(program, env={"HOME": self.folder("home")})
        self.assert_passed(result)
        self.assertIn(deep, [mount["destination"] for mount in result.report["mounts"]])

    def use_of_a_library(self, *flags):
        """A program, and the folder of the library that it was linked with."""
        folder = self.folder("home", "lib")
        self.compile("home/lib/libgreet.so", "void greet() {}\n", "-shared", "-fPIC")
        return self.compile("project/use", "void greet();\nint main() { greet(); }\n", f"-L{folder}", "-lgreet", *flags), folder

    def test_a_library_of_the_environment_inside_alone_is_named_with_the_way_out(self):
        program, folder = self.use_of_a_library()
        result = self.sandbox("--setenv", f"LD_LIBRARY_PATH={folder}", program, env={"HOME": self.folder("home")})
        self.assert_verdict(result, "failed", exit=127)
        self.assertIn(f"could not load libgreet.so: it is in {folder}, which the sandbox hides", result.sentence)
        self.assertEqual(result.hint, f"--ro-bind {folder}")
        self.assertEqual(result.report["evidence"]["missing_library"], "libgreet.so")
        self.assertEqual(result.report["evidence"]["hidden_folder"], folder)
        shown = self.sandbox("--setenv", f"LD_LIBRARY_PATH={folder}", *result.hint.split(), program, env={"HOME": self.folder("home")})
        self.assert_passed(shown)

    def test_a_library_that_is_nowhere_is_named(self):
        program, _ = self.use_of_a_library()
        result = self.sandbox(program)
        self.assert_verdict(result, "failed", exit=127)
        self.assertIn("could not load libgreet.so: it is nowhere on the library path", result.sentence)

    def test_exit_code_127_of_a_program_that_was_loaded_is_its_own(self):
        result = self.sandbox("sh", "-c", "exit 127")
        self.assert_verdict(result, "failed", exit=127)
        self.assertNotIn("could not load", result.stderr)

    def test_a_program_in_the_home_folder(self):
        home = self.folder("home")
        self.script("home/bin/tool", "echo tool")
        self.own(self.folder("home", "bin"))
        result = self.sandbox("tool", env={"HOME": home, "PATH": f"{home}/bin:{os.environ['PATH']}"})
        self.assert_passed(result)
        self.assertEqual(result.stdout, "tool\n")

    def test_a_relative_program_through_a_symlink(self):
        self.script("elsewhere/tool", "echo tool")
        os.symlink(os.path.join(self.work, "elsewhere", "tool"), os.path.join(self.project, "link"))
        result = self.sandbox("./link")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "tool\n")

    def test_a_path_given_as_an_argument_is_shown(self):
        path = self.file("data/input.txt", "words")
        result = self.sandbox("cat", path)
        self.assert_passed(result)
        self.assertEqual(result.stdout, "words")

    def test_a_folder_with_blanks_and_odd_letters(self):
        odd = self.folder("project", "a b\tc\\d ü", "sub")
        self.file(os.path.join(odd, "data"), "words")
        result = self.sandbox("cat", "data", cwd=odd)
        self.assert_passed(result)
        self.assertEqual(result.stdout, "words")

    def test_a_sandbox_in_a_sandbox(self):
        result = self.sandbox("--allow=userns", "--", SANDBOX_EXEC, "--", probe("exit-with"), "3")
        self.assertIn(result.exit, (3, 125), str(result))
        if result.exit == 125:
            self.assertIn("sandbox-exec: setup-failed", result.stderr)

    def test_a_policy_file_beside_git_is_read_and_named(self):
        self.git("init")
        self.file("project/.sandbox.json", '{"setenv": ["FROM_FILE=1"], "timeout": "1s"}')
        result = self.shell("echo $FROM_FILE; sleep 10", cwd=self.folder("project", "sub"))
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertEqual(result.stdout, "1\n")
        self.assertIn(".sandbox.json", str(result.report["policy"]))


if __name__ == "__main__":
    harness.main()
