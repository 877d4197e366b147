"""Files and folders that the test was told to write, by its arguments or environment, arrive on the host."""

import os
import pathlib
import subprocess

import harness
import worlds
from harness import E2E

GTEST = """
#include <gtest/gtest.h>
TEST(Suite, Passes) {}
TEST(Suite, Skips) { GTEST_SKIP() << "why"; }
"""
# Writes to the path that a variable or an argument names, as test frameworks do.
WRITER = 'target="${1#*=}"; target="${target#xml:}"; echo written > "$target"'


class Declared(E2E):
    def owner(self):
        return worlds.ORDINARY_ID if worlds.SUDO else worlds.CALLER

    def assert_written(self, path, text="written\n"):
        self.assertEqual(pathlib.Path(path).read_text(encoding="utf-8"), text)
        self.assertEqual(os.stat(path).st_uid, self.owner())

    def test_googletest_writes_its_xml_and_json(self):
        program = self.compile("project/suite", GTEST, "-lgtest", "-lgtest_main", "-lpthread")
        for kind, mark in (("xml", "<testsuites"), ("json", '"testsuites"')):
            out = os.path.join(self.folder("out"), f"result.{kind}")
            with self.subTest(kind=kind):
                result = self.sandbox("--", program, f"--gtest_output={kind}:{out}")
                self.assert_passed(result)
                self.assertIn(mark, pathlib.Path(out).read_text(encoding="utf-8"))

    def test_googletest_writes_beside_the_program_when_told_so(self):
        program = self.compile("project/suite", GTEST, "-lgtest", "-lgtest_main", "-lpthread")
        result = self.sandbox("--", program, "--gtest_output=xml:result.xml")
        self.assert_passed(result)
        self.assertIn("<testsuites", pathlib.Path(self.project, "result.xml").read_text(encoding="utf-8"))

    def test_googletest_by_the_environment(self):
        program = self.compile("project/suite", GTEST, "-lgtest", "-lgtest_main", "-lpthread")
        out = os.path.join(self.folder("out"), "result.xml")
        self.assert_passed(self.sandbox("--", program, env={"GTEST_OUTPUT": f"xml:{out}"}))
        self.assertIn("<testsuites", pathlib.Path(out).read_text(encoding="utf-8"))

    def test_files_named_by_the_environment(self):
        for name in ("XML_OUTPUT_FILE", "TEST_PREMATURE_EXIT_FILE", "TEST_WARNINGS_OUTPUT_FILE"):
            path = os.path.join(self.folder("out"), name)
            with self.subTest(variable=name):
                result = self.shell(f'echo written > "${name}"', env={name: path})
                self.assert_passed(result)
                self.assert_written(path)

    def test_a_good_end_removes_the_file_of_a_premature_one(self):
        program = self.compile("project/suite", GTEST, "-lgtest", "-lgtest_main", "-lpthread")
        path = os.path.join(self.folder("out"), "premature")
        result = self.sandbox("--", program, env={"TEST_PREMATURE_EXIT_FILE": path})
        self.assert_passed(result)
        self.assertFalse(os.path.exists(path), str(result))

    def test_an_output_that_exists_is_overwritten(self):
        path = self.file("out/result.xml", "a longer text of the run before")
        self.assert_passed(self.shell('echo written > "$XML_OUTPUT_FILE"', env={"XML_OUTPUT_FILE": path}))
        self.assert_written(path)

    def test_only_the_declared_file_is_writable(self):
        out = self.folder("project", "out")
        result = self.shell(f"touch {out}/other", env={"XML_OUTPUT_FILE": f"{out}/result.xml"})
        self.assertNotEqual(result.exit, 0)
        self.assertNotIn("other", os.listdir(out))

    def test_folders_named_by_the_environment(self):
        for name in ("TEST_UNDECLARED_OUTPUTS_DIR", "GCOV_PREFIX"):
            folder = self.folder("out", name)
            with self.subTest(variable=name):
                self.assert_passed(self.shell(f'echo written > "${name}/file"', env={name: folder}))
                self.assert_written(os.path.join(folder, "file"))

    def test_the_folder_of_a_profile_pattern(self):
        folder = self.folder("out", "profiles")
        result = self.shell(f"echo written > {folder}/p-$$.profraw", env={"LLVM_PROFILE_FILE": f"{folder}/p-%p.profraw"})
        self.assert_passed(result)
        self.assertEqual(len(os.listdir(folder)), 1)

    def test_the_report_lists_them(self):
        path = os.path.join(self.folder("out"), "result.xml")
        result = self.shell("true", env={"XML_OUTPUT_FILE": path})
        declared = [mount for mount in result.report["mounts"] if mount["kind"] == "declared-output"]
        self.assertEqual([mount["destination"] for mount in declared], [path])

    def test_the_project_itself_is_never_made_writable_by_a_declaration(self):
        result = self.shell("touch made", env={"TEST_UNDECLARED_OUTPUTS_DIR": self.project})
        self.assertNotEqual(result.exit, 0)
        self.assertEqual(os.listdir(self.project), [])
        self.assertIn("TEST_UNDECLARED_OUTPUTS_DIR", str(result.report["warnings"]))

    def test_an_output_in_a_folder_that_is_missing_is_told(self):
        result = self.shell("true", env={"XML_OUTPUT_FILE": os.path.join(self.work, "no", "such", "result.xml")})
        if result.exit == 0:
            self.assertTrue(os.path.isdir(os.path.join(self.work, "no", "such")) or result.report["warnings"])
        else:
            self.assert_refused(result, 125, "result.xml")

    def test_test_tmpdir_is_set_and_writable(self):
        result = self.shell('touch "$TEST_TMPDIR/x" && echo "$TEST_TMPDIR"')
        self.assert_passed(result)
        self.assertTrue(result.stdout.startswith("/"))


class Listing(E2E):
    """Test discovery at build time: its output is parsed, so nothing may be added to it."""

    def test_googletest_lists_its_tests_without_noise(self):
        program = self.compile("project/suite", GTEST, "-lgtest", "-lgtest_main", "-lpthread")
        bare = subprocess.run([program, "--gtest_list_tests"], stdout=subprocess.PIPE, text=True, check=True)
        out = os.path.join(self.folder("out"), "list.json")
        result = self.sandbox("--memory", "4K", "--", program, "--gtest_list_tests", f"--gtest_output=json:{out}",
                              report="maybe")
        if result.exit == 125:  # a cap below 1 MiB is refused before anything else
            result = self.sandbox("--", program, "--gtest_list_tests", f"--gtest_output=json:{out}", report="maybe")
        self.assert_ended(result, exit=0)
        self.assertEqual((result.stdout, result.stderr), (bare.stdout, ""))
        self.assertTrue(os.path.getsize(out) > 0)


if __name__ == "__main__":
    harness.main()
