"""Kinds of disks, out of a table of mounts that is made up, and writing for real."""

from pathlib import Path

import pytest

from pyca.runtime.filesystem import Filesystem, filesystem, write_speed


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    (tmp_path / "usb stick").mkdir()
    (tmp_path / "net" / "deep").mkdir(parents=True)
    file = tmp_path / "mounts"
    escaped = str(tmp_path / "usb stick").replace(" ", "\\040")
    file.write_text(
        f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/net nfs4 rw 0 0\n/dev/sdb {escaped} vfat rw 0 0\n"
        f"/dev/sdc {tmp_path}/ne xfs rw 0 0\n"
    )
    return file


def test_the_innermost_mount_counts(mounts: Path) -> None:
    here = mounts.parent
    assert filesystem(here, mounts) == Filesystem("ext4", Path("/"))
    assert filesystem(here / "net" / "deep", mounts) == Filesystem("nfs4", here / "net")
    assert filesystem(here / "usb stick", mounts).has_small_files


def test_the_last_mount_on_a_folder_counts(mounts: Path) -> None:
    with mounts.open("a") as file:
        file.write(f"tmpfs {mounts.parent}/net tmpfs rw 0 0\n")
    assert filesystem(mounts.parent / "net", mounts).is_memory


def test_links_are_followed(mounts: Path) -> None:
    (mounts.parent / "link").symlink_to("net/deep")
    assert filesystem(mounts.parent / "link", mounts).is_network


def test_without_a_table_nothing_is_claimed(tmp_path: Path) -> None:
    unknown = filesystem(tmp_path, tmp_path / "none")
    assert (unknown.kind, unknown.is_network, unknown.is_memory) == ("", False, False)


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("nfs", True),
        ("cifs", True),
        ("fuse.sshfs", True),
        ("fuseblk", False),
        ("ext4", False),
        ("btrfs", False),
    ],
)
def test_network_disks(kind: str, network: bool) -> None:
    assert Filesystem(kind, Path("/")).is_network is network


def test_the_trial_leaves_nothing(tmp_path: Path) -> None:
    moments = iter((10.0, 12.0))
    assert write_speed(tmp_path, 3_000_000, lambda: next(moments)) == 1_500_000
    assert not list(tmp_path.iterdir())


def test_the_trial_fails_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_speed(tmp_path / "none", 1000)
