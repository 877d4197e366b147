"""The CMake package: a stranger's project, by find_package from a moved prefix and by add_subdirectory, with each CMake."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

import harness
import worlds

BUILD = pathlib.Path(harness.SANDBOX_EXEC).resolve().parents[2]
CONSUMER = harness.SOURCE / "tests/ctest-integration/consumer"
# The folder of a newer cmake and ctest beside the system's (ci/test).
FOLDERS = [folder for folder in ("/usr/bin", os.environ.get("NEWER_CMAKE")) if folder]
PASS = {"found.Unit.Passes", "added", "added.script", "enabled", "embedded.true", "embedded.false",
        "lists.Lists.Passes"}
FAIL = {"found.Unit.Fails": "Failure", "found.Unit.EatsMemory": "out-of-memory", "found.Unit.Hangs": "timed-out",
        "whole": "Unit.EatsMemory"}


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        worlds.require(cls(), "memory_group")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="package", dir="/var/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.call("/usr/bin/cmake", "--install", BUILD, "--prefix", cls.folder / "first")
        cls.prefix = (cls.folder / "first").rename(cls.folder / "moved")

    def runTest(self):
        pass  # so that setUpClass can make one

    @classmethod
    def call(cls, *command, **how):
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=300, **how)
        if result.returncode != 0:
            raise AssertionError(f"{command}: {result.returncode}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}")
        return result.stdout + result.stderr

    def configure(self, folder, name, *options):
        build = self.folder / name
        self.call(f"{folder}/cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", *options)
        return build

    def check(self, folder, build):
        self.call(f"{folder}/cmake", "--build", build, "--target", "all")
        subprocess.run([f"{folder}/ctest", "--test-dir", build, "--output-junit", "out.xml", "-j2"], capture_output=True,
                       check=False, timeout=120)
        cases = {case.get("name"): case for case in xml.parse(build / "out.xml").getroot()}
        self.assertEqual(set(cases), PASS | set(FAIL))
        for name, case in cases.items():
            self.assertEqual(case.get("status"), "run" if name in PASS else "fail", name)
            self.assertIn(FAIL.get(name, ""), case.findtext("system-out"))
        whole = harness.parse_report((build / "whole.json").read_text(encoding="utf-8"))
        self.assertEqual({test["name"]: test["attempts"][-1]["verdict"] for test in whole["tests"]},
                         {"Unit.Passes": "passed", "Unit.EatsMemory": "out-of-memory", "Unit.Hangs": "timed-out"})
        listed = json.loads(self.call(f"{folder}/ctest", "--test-dir", build, "--show-only=json-v1"))
        groups = {test["name"]: [value["value"] for value in test["properties"] if value["name"] == "RESOURCE_GROUPS"]
                  for test in listed["tests"]}
        self.assertEqual(groups["lists.Lists.Passes"][0][0]["requirements"], [{".type": "memory_mib", "slots": 32}])
        report = harness.parse_report((build / "lists.json").read_text(encoding="utf-8"))  # of the TEST, not of the list
        self.assertIn("--gtest_filter=Lists.Passes", report["command"])

    def test_found_in_a_moved_prefix(self):
        for folder in FOLDERS:
            with self.subTest(cmake=folder):
                name = f"found{FOLDERS.index(folder)}"
                self.check(folder, self.configure(folder, name, f"-DCMAKE_PREFIX_PATH={self.prefix}"))

    def test_added_or_fetched(self):
        for folder in FOLDERS:
            for name, option, place in (("added", "SANDBOX_SOURCE", "sandbox"), ("fetched", "SANDBOX_FETCH", "_deps/sandbox-build")):
                with self.subTest(cmake=folder, how=name):
                    build = self.configure(folder, f"{name}{FOLDERS.index(folder)}", f"-D{option}={harness.SOURCE}")
                    tests = (build / "CTestTestfile.cmake").read_text(encoding="utf-8")
                    self.assertIn(f"{build}/{place}/sandbox/cli/sandbox-exec", tests)

    @unittest.skipIf(worlds.SUDO or worlds.CALLER != 0, "builds for a minute what depends on no caller")
    def test_built_as_a_part(self):
        build = self.configure("/usr/bin", "part", f"-DSANDBOX_SOURCE={harness.SOURCE}", "-DCMAKE_UNITY_BUILD=ON")
        self.check("/usr/bin", build)

    def test_a_debian_package(self):
        made = self.folder / "deb"
        self.call("/usr/bin/cpack", "-B", made, cwd=BUILD)
        [package] = made.glob("sandbox-exec_*_amd64.deb")
        self.assertRegex(self.call("dpkg-deb", "--field", package, "Depends"), r"libc6 \(.*libseccomp2")
        self.call("dpkg-deb", "--extract", package, made / "root")
        for file in ("usr/bin/sandbox-exec", "usr/bin/sandbox-gtest", "usr/bin/sandbox-ctest", "usr/lib/libsandbox.a",
                     "usr/share/man/man1/sandbox-ctest.1", "etc/apparmor.d/sandbox-exec"):
            self.assertTrue((made / "root" / file).is_file(), file)
        self.assertIn("--memory SIZE", (made / "root/usr/share/man/man1/sandbox-exec.1").read_text(encoding="utf-8").replace("\\-", "-"))
        completed = self.call("bash", "-c", "cd $1/bin && PATH=$PWD:$PATH && . ../share/bash-completion/completions/sandbox-exec && "
                              "COMP_WORDS=(sandbox-exec --memo) COMP_CWORD=1 && _sandbox_exec sandbox-exec && echo ${COMPREPLY[*]}",
                              "-", made / "root/usr")
        self.assertEqual(completed, "--memory\n")
        self.check("/usr/bin", self.configure("/usr/bin", "debian", f"-DCMAKE_PREFIX_PATH={made}/root/usr"))

    def test_nothing_of_the_build_is_in_the_prefix(self):
        for file in self.prefix.rglob("*"):
            if file.is_file() and file.suffix in (".cmake", ".cpp", ".h"):
                self.assertNotIn(str(BUILD), file.read_text(encoding="utf-8"), file)

    def test_a_launcher_that_this_cmake_does_not_know_is_told(self):
        said = self.call("/usr/bin/cmake", "-S", CONSUMER, "-B", self.folder / "told", "-G", "Ninja",
                         f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_TEST_LAUNCHER=anything")
        version = self.call("/usr/bin/cmake", "--version").split()[2]
        self.assertEqual("run without a sandbox" in " ".join(said.split()), tuple(map(int, version.split(".")[:2])) < (3, 29))

    def test_bad_arguments(self):
        for line, words in (("sandbox_add_test(NAME a)", "COMMAND are needed"),
                            ("sandbox_add_test(NAME a COMMAND b TIMEOUT 3s)", "whole seconds"),
                            ("sandbox_enable(MEMRY 3)", "what is MEMRY 3?"),
                            ("sandbox_discover_tests(none)", "no target"),
                            ("sandbox_add_test(NAME a COMMAND b SCHEDULE_MEMORY)", "SCHEDULE_MEMORY wants a MEMORY"),
                            ("sandbox_add_test(NAME a COMMAND b SCHEDULE_MEMORY MEMORY 1x)", "not \"1x\"")):
            with self.subTest(line=line):
                project = self.folder / "bad"
                shutil.rmtree(project, ignore_errors=True)
                project.mkdir()
                (project / "CMakeLists.txt").write_text(
                    f"cmake_minimum_required(VERSION 3.25)\nproject(bad LANGUAGES NONE)\nfind_package(Sandbox REQUIRED)\n{line}\n",
                    encoding="utf-8")
                result = subprocess.run(["/usr/bin/cmake", "-S", project, "-B", project / "b", "-G", "Ninja",
                                         f"-DCMAKE_PREFIX_PATH={self.prefix}"], capture_output=True, text=True, check=False)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(words, " ".join(result.stderr.split()))


if __name__ == "__main__":
    harness.main()
