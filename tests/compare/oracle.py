"""Another opinion on what images hold: layers read with Python's own tarfile, merged and compared by rules written here.

oracle.py layers LAYOUT NAME         what each layer changes, by every way of comparing
oracle.py files LAYOUT NAME          one file of each layer that shows at last, with its digest
oracle.py tree FOLDER                what stands in a folder
oracle.py trees FOLDER FOLDER WAY    what differs between two

A way is a list such as "semantic,no-moves". Names are hexadecimal; paths begin with a slash.
"""

import gzip
import hashlib
import io
import json
import math
import os
import stat
import sys
import tarfile
from collections import defaultdict, deque

FOLDER = {"type": "folder", "mode": 0o755, "uid": 0, "gid": 0, "mtime": 0, "xattrs": {}}


def name_bytes(text):
    return text.encode("utf-8", "surrogateescape")


def parts(path):
    return [part for part in path.split(b"/") if part not in (b"", b".")]


class Layers:
    def __init__(self, layout, name):
        self.layout = layout
        index = json.load(open(os.path.join(layout, "index.json")))
        named = [m for m in index["manifests"] if m.get("annotations", {}).get("org.opencontainers.image.ref.name") == name]
        manifest = json.loads(self.blob(named[0]["digest"]))
        if "manifests" in manifest:
            manifest = json.loads(self.blob(manifest["manifests"][0]["digest"]))
        self.layers = manifest["layers"]

    def blob(self, digest):
        algorithm, encoded = digest.split(":")
        return open(os.path.join(self.layout, "blobs", algorithm, encoded), "rb").read()

    def open(self, number):
        blob = self.blob(self.layers[number]["digest"])
        plain = gzip.decompress(blob) if blob[:2] == b"\x1f\x8b" else blob
        return tarfile.open(fileobj=io.BytesIO(plain), mode="r:", encoding="utf-8", errors="surrogateescape")


class Tree:
    """Paths as tuples of parts; the root is the empty one."""

    def __init__(self):
        self.nodes = {(): dict(FOLDER)}

    def resolve(self, path, follow):
        ahead, way, links = deque(path), [], 0
        while ahead:
            part = ahead.popleft()
            if part == b"..":
                way = way[:-1]
                continue
            way.append(part)
            node = self.nodes.get(tuple(way))
            if node and node["type"] == "symlink" and (ahead or follow):
                links += 1
                assert links < 41, path
                way.pop()
                if node["target"].startswith(b"/"):
                    way = []
                ahead.extendleft(reversed(parts(node["target"])))
        return tuple(way)

    def clear(self, folder):
        below = [path for path in self.nodes if path[: len(folder)] == folder and len(path) > len(folder)]
        for path in below:
            del self.nodes[path]

    def remove(self, path):
        if path and self.nodes.get(path):
            if self.nodes[path]["type"] == "folder":
                self.clear(path)
            del self.nodes[path]

    def put(self, path, node):
        for length in range(1, len(path)):
            above = self.nodes.get(path[:length])
            if above is None or above["type"] != "folder":
                self.nodes[path[:length]] = dict(FOLDER)
        if node["type"] != "folder" and self.nodes.get(path, node)["type"] == "folder":
            self.clear(path)
        self.nodes[path] = node


def node_of(member, tar):
    xattrs = {}
    for key, value in member.pax_headers.items():
        if key.startswith("SCHILY.xattr."):
            xattrs[name_bytes(key)[13:].hex()] = name_bytes(value).hex()
    node = {"mode": member.mode & 0o7777, "uid": member.uid, "gid": member.gid, "mtime": math.floor(member.mtime)}
    node["xattrs"] = xattrs
    if member.isdir():
        node["type"] = "folder"
    elif member.issym():
        node.update(type="symlink", target=name_bytes(member.linkname))
    elif member.isfile():
        content = tar.extractfile(member).read()
        node.update(type="file", size=len(content), digest=hashlib.sha256(content).hexdigest())
    elif member.isfifo():
        node["type"] = "fifo"
    else:
        node.update(type="char" if member.ischr() else "block", device=(member.devmajor, member.devminor))
    return node


def apply(tree, tar, layer):
    members = tar.getmembers()
    for member in members:
        path = parts(name_bytes(member.name))
        if path and path[-1] == b".wh..wh..opq":
            tree.clear(tree.resolve(path[:-1], True))
    for member in members:
        path = parts(name_bytes(member.name))
        if path and path[-1].startswith(b".wh.") and not path[-1].startswith(b".wh..wh."):
            tree.remove(tree.resolve(path[:-1] + [path[-1][4:]], False))
    for member in members:
        path = parts(name_bytes(member.name))
        if path and path[-1].startswith(b".wh."):
            continue
        path = tree.resolve(path[:-1], True) + tuple(path[-1:])
        if member.islnk():
            target = tree.resolve(parts(name_bytes(member.linkname)), False)
            node = dict(tree.nodes[target])
        else:
            node = node_of(member, tar)
        node["layer"] = layer + 1
        tree.put(path, node)


def differences(was, now):
    what = []
    if was["type"] != now["type"]:
        what.append("type")
    elif was["type"] == "file":
        if was["digest"] != now["digest"]:
            what.append("content")
    elif was.get("target") != now.get("target") or was.get("device") != now.get("device"):
        what.append("target")
    both = lambda kind: was["type"] == now["type"] == kind
    if was["mode"] != now["mode"] and not both("symlink"):
        what.append("mode")
    if (was["uid"], was["gid"]) != (now["uid"], now["gid"]):
        what.append("owner")
    if was["xattrs"] != now["xattrs"]:
        what.append("xattrs")
    if was["mtime"] != now["mtime"] and not both("folder"):
        what.append("time")
    return what


def compare(before, after, options):
    changes = []
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path), after.get(path)
        if was is None or now is None:
            changes.append({"op": "added" if was is None else "deleted", "path": path, "what": [], "node": now or was})
            continue
        what = differences(was, now)
        if "semantic" in options:
            what = [word for word in what if word != "time"]
        if what:
            changes.append({"op": "modified", "path": path, "what": what, "node": now})
    if "no-moves" not in options:
        changes = moved(changes, options)
    return [told(change) for change in changes]


def moved(changes, options):
    taken = set()
    by_name = lambda change: (change["node"]["digest"], change["path"][-1])
    for key in (by_name, lambda change: change["node"]["digest"]):
        gone = defaultdict(deque)
        movable = lambda change: change["node"]["type"] == "file" and change["node"]["size"] > 0
        for at, change in enumerate(changes):
            if change["op"] == "deleted" and at not in taken and movable(change):
                gone[key(change)].append(at)
        for change in changes:
            if change["op"] == "added" and movable(change) and gone[key(change)]:
                at = gone[key(change)].popleft()
                taken.add(at)
                what = differences(changes[at]["node"], change["node"])
                if "semantic" in options:
                    what = [word for word in what if word != "time"]
                change.update(op="moved", what=what, **{"from": changes[at]["path"]})
    return [change for at, change in enumerate(changes) if at not in taken]


def absolute(path):
    return (b"/" + b"/".join(path)).hex()


def told(change):
    node = change["node"]
    out = {"op": change["op"], "path": absolute(change["path"]), "what": change["what"], "type": node["type"]}
    out.update(size=node.get("size", 0), mode=node["mode"], uid=node["uid"], gid=node["gid"])
    if "from" in change:
        out["from"] = absolute(change["from"])
    return out


def layers(layout, name):
    image, tree = Layers(layout, name), Tree()
    out = {"": [], "semantic": [], "no-moves": [], "semantic,no-moves": []}
    for number in range(len(image.layers)):
        before = dict(tree.nodes)
        apply(tree, image.open(number), number)
        for options, changes in out.items():
            changes.append(compare(before, tree.nodes, options.split(",")))
    return out


def files(layout, name):
    image, tree = Layers(layout, name), Tree()
    for number in range(len(image.layers)):
        apply(tree, image.open(number), number)
    found = {}
    for path, node in sorted(tree.nodes.items()):
        if node["type"] == "file" and node["size"] > 0:
            found[node["layer"]] = {"path": absolute(path), "digest": node["digest"], "layer": node["layer"]}
    return list(found.values())


def standing(folder):
    kinds = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
             stat.S_IFCHR: "char", stat.S_IFBLK: "block"}
    root, nodes = os.fsencode(folder), {}
    paths = [root]
    for at, folders, names in os.walk(root):
        paths += [os.path.join(at, name) for name in folders + names]
    for path in paths:
        status = os.lstat(path)
        node = {"type": kinds[stat.S_IFMT(status.st_mode)], "mode": stat.S_IMODE(status.st_mode)}
        node.update(uid=status.st_uid, gid=status.st_gid, mtime=math.floor(status.st_mtime), xattrs={})
        if node["type"] == "file":
            content = open(path, "rb").read()
            node.update(size=len(content), digest=hashlib.sha256(content).hexdigest())
        elif node["type"] == "symlink":
            node["target"] = os.readlink(path)
        if node["type"] in ("file", "folder"):
            ours = [key for key in os.listxattr(path, follow_symlinks=False) if key.startswith("user.")]
            node["xattrs"] = {key: os.getxattr(path, key, follow_symlinks=False).hex() for key in ours}
        nodes[tuple(parts(path[len(root):]))] = node
    return nodes


def tree(folder):
    out = []
    for path, node in sorted(standing(folder).items()):
        if path:
            row = {"path": absolute(path), **{key: node[key] for key in ("type", "mode", "uid", "gid")}}
            row["size"] = node.get("size", 0)
            if node["type"] != "folder":
                row["mtime"] = node["mtime"]
            if "target" in node:
                row["target"] = node["target"].hex()
            out.append(row)
    return out


def trees(before, after, options):
    return compare(standing(before), standing(after), options.split(","))


if __name__ == "__main__":
    commands = {"layers": layers, "files": files, "tree": tree, "trees": trees}
    json.dump(commands[sys.argv[1]](*sys.argv[2:]), sys.stdout)
