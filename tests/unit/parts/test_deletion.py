"""Parts are deleted only if the workflow downloaded them."""

from laion2b.parts import record
from laion2b.parts.deletion import delete_downloaded


def test_only_downloaded_parts_are_deleted(tmp_path, caplog):
    downloaded, linked, own = (tmp_path / f"img_emb_0001{ending}" for ending in (".npy", ".npz", ".h5"))
    downloaded.write_text("x")
    linked.symlink_to(tmp_path / "original")
    (tmp_path / "original").write_text("x")
    for file in (downloaded, linked):
        record.write(file, url="https://mirror.example/x", stat=file.stat(), sha256="0", started="")
    own.write_text("x")
    (tmp_path / "metadata_0001.parquet").symlink_to(own)
    (tmp_path / "img_emb_0002.npy").write_text("x")
    for _ in range(2):
        delete_downloaded(tmp_path, "0001")
        left = {file.name for file in tmp_path.iterdir() if file.suffix != ".json"}
        assert left == {own.name, "metadata_0001.parquet", "original", "img_emb_0002.npy"}
        assert f"{own} is kept, because you put it there." in caplog.text
        record.adopt(own)
