"""`scones run` with data and hyperparameters that can't be used: one clear message, nothing run, and
the next run with good ones goes on in the same data directory."""
import io
import os
import pickle
import tarfile
import unittest

import program
from program import harness


def cifar_archive(path, code=None, entry_prefix="cifar-100-python/"):
    """A gzip'd tar laid out as CIFAR-100's; each member's pickle is `code` where given."""
    names = {b"fine_label_names": [b"across", b"down"]}
    part = {b"data": [], b"fine_labels": [], b"filenames": []}
    with tarfile.open(path, "w:gz") as archive:
        for member, content in (("meta", names), ("train", part), ("test", part)):
            data = pickle.dumps(content if code is None else code, protocol=2)
            entry = tarfile.TarInfo(entry_prefix + member)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


class RunsACommand:
    """A pickle that creates `mark` through os.system when it is loaded naively."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


class BadDataset(program.TestCase):
    def refused(self, dataset, *texts, classes=program.CLASSES):
        ended = self.run_scones("run", "--data-dir", self.data, "--dataset", dataset, "--classes",
                                classes, "--json")
        self.assert_ended(ended, 1, *texts)
        self.assertEqual(ended.out, "")
        self.assertEqual(len(ended.err.strip().splitlines()[-1].split("scones: ")), 2)
        self.assert_nothing_half_done()
        self.assertEqual(list(self.data.glob("workflow/*/.complete")), [])

    def test_a_path_where_nothing_is(self):
        self.refused("nowhere", "'nowhere'", "takes a path, a URL")

    def test_a_file_that_is_no_archive(self):
        path = self.folder / "words.tar.gz"
        path.write_text("These are words.\n")
        self.refused(path, str(path), "not a data set", "CIFAR-100")

    def test_an_empty_file(self):
        path = self.folder / "empty.tar.gz"
        path.touch()
        self.refused(path, str(path), "empty")

    def test_a_truncated_archive(self):
        whole = cifar_archive(self.folder / "whole.tar.gz").read_bytes()
        path = self.folder / "cut.tar.gz"
        for length in (20, len(whole) // 2, len(whole) - 9):
            with self.subTest(length):
                path.write_bytes(whole[:length])
                self.refused(path, str(path), "cut short", "fetch it again")

    def test_the_real_archive_cut_in_the_middle(self):
        shared = harness.find_shared()
        if shared is None:
            self.skipTest("the real archive is not there (SCONES_SHARED)")
        path = self.folder / "cut.tar.gz"
        with open(shared / "data/cifar-100-python.tar.gz", "rb") as file:
            path.write_bytes(file.read(4_000_000))
        self.refused(path, str(path), "cut short", "fetch it again", classes="bicycle,motorcycle")

    def test_a_pickle_that_calls_os_system_is_refused_and_not_run(self):
        mark = self.folder / "was-run"
        path = cifar_archive(self.folder / "hostile.tar.gz", RunsACommand(mark))
        self.refused(path, str(path), "cifar-100-python/meta", "posix.system", "nothing was run")
        self.assertFalse(mark.exists())

    def test_an_archive_whose_entries_lead_out_of_it(self):
        path = cifar_archive(self.folder / "escape.tar.gz", entry_prefix="../../")
        self.refused(path, str(path), "'../../meta'", "refused")
        self.assertFalse((self.folder.parent / "meta").exists())

    def test_a_folder_without_pictures(self):
        (self.folder / "hollow").mkdir()
        self.refused(self.folder / "hollow", "hollow", "holds no data set")

    def test_a_picture_that_lies_about_its_size_is_named(self):
        pictures = program.make_pictures(self.folder / "pictures")
        liar = pictures / "train/down/down-train-3.png"
        for width, height in ((32, 64), (2_000_000_000, 2_000_000_000)):
            with self.subTest(f"{width}x{height}"):
                liar.write_bytes(program.lying_picture(width, height))
                self.refused(pictures, str(liar), f"{width}x{height}")

    def test_classes_that_are_not_there_are_named_beside_those_that_are(self):
        pictures = program.make_pictures(self.folder / "pictures")
        self.refused(pictures, "'sideways'", "its classes are: across, down",
                     classes="across,sideways")
        self.refused(pictures, "named twice", classes="down,down")
        self.refused(pictures, "two classes", classes="down")


class BadHyperparameters(program.TestCase):
    def test_each_is_named_with_what_is_valid_and_a_good_run_follows(self):
        pictures = program.make_pictures(self.folder / "pictures")
        common = ["run", "--data-dir", self.data, "--dataset", pictures, *program.QUICK,
                  "--executions", 4, "--json"]
        for setting, texts in (
                ("num_layers=21", ('num_layers is "21"', "one of", "110")),
                ("epochs=-1", ('epochs is "-1"', "at least 1")),
                ("nonsense=1", ('no hyperparameter "nonsense"',))):
            with self.subTest(setting):
                ended = self.run_scones(*common, "--hyperparameter", setting)
                self.assert_ended(ended, 1, "is Failed: ClientError", *texts)
        ended = self.run_scones(*common)
        self.assert_ended(ended, 0, "there already")
        self.assertIn('"test_count":4', ended.out)
        self.assertEqual(list((self.data / "training").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
