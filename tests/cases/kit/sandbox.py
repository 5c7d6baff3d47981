"""Namespaces: one for the run, one for the network of each workload.

    enter()                    restarts this program in namespaces of its own: mounts, processes, network,
                               and, when it is not root, users (or by sudo, if it may). Whatever it starts ends with it, and
                               its interfaces and rules are nobody else's.
    Switch()                   a bridge, 10.10.0.1/16 and fd10::1/64
    switch.plug(name, n)       a namespace with the address 10.10.0.n on the bridge -> Place
    place.socket(family, ...)  a socket inside; it stays there whatever the thread does next
    place.command(args)        the command line that runs a program inside
    place.capture(...)         Istio's redirection rules for a sidecar"""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading

INSIDE = "MESH_CASES_INSIDE"
HOST_IP = "10.10.0.1" # control, and the name server
# A bridge without an address of its own takes the lowest of its ports': each new workload could change
# it, and what others had learnt would lead nowhere. Ports get lower ones, later ports the lowest.
BRIDGE_MAC = "02:00:00:01:00:00"
MARK = 1337 # of the sidecar's own connections
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_switching = threading.Lock()


def enter(argv):
    """Returns inside; outside it replaces this process, or says why that cannot be and exits with 80."""
    if os.environ.get(INSIDE):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
        os.makedirs("/run/netns")
        with open("/run/resolv.conf", "w", encoding="ascii") as file:
            file.write(f"nameserver {HOST_IP}\noptions timeout:1\n")
        if os.path.exists("/etc/resolv.conf"):
            subprocess.run(["mount", "--bind", "/run/resolv.conf", os.path.realpath("/etc/resolv.conf")], check=True)
        return
    missing = [p for p in ("unshare", "nsenter", "ip", "iptables-restore", "ip6tables-restore") if not find(p)]
    if missing:
        refuse(f"not installed: {', '.join(missing)} (Debian: util-linux iproute2 iptables)")
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    unshare = [find("unshare"), *users, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    probe = subprocess.run([*unshare, "sh", "-c", "mount -t tmpfs tmpfs /run && "
                            f"{find('ip')} link add br0 type bridge && {find('iptables')} -t nat -S"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if probe.returncode != 0 and may_sudo():
        keep = [f"{k}={v}" for k, v in os.environ.items() if k == "PATH" or k.startswith("MESH_") or k.endswith("SAN_OPTIONS")]
        os.execv(find("sudo"), ["sudo", "-n", "env", *keep, sys.executable, "-B", *argv])
    if probe.returncode != 0:
        refuse("no network namespaces with a bridge and nat rules here: " + probe.stderr.strip())
    os.environ[INSIDE] = "1"
    os.execv(unshare[0], [*unshare, sys.executable, "-B", *argv])


def may_sudo():
    return os.geteuid() != 0 and find("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0


def refuse(why):
    print(f"Bail out! {why}\ntests/cases needs namespaces: root in a container with CAP_NET_ADMIN and "
          "CAP_SYS_ADMIN, or a user who may make user namespaces.", flush=True)
    sys.exit(80)


def find(program):
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def _run(*args, stdin=None):
    done = subprocess.run([find(args[0]), *args[1:]], input=stdin, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(args)}: {done.stderr.strip()}\n{stdin or ''}")


class Place:
    """A network namespace; ip and ip6 are its addresses. Switch's own namespace is a place, too."""

    def __init__(self, name, path, ip, ip6):
        self.name, self.path, self.ip, self.ip6 = name, path, ip, ip6
        self._fd = os.open(path, os.O_RDONLY)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        with _switching:
            self._go(self._fd)
            try:
                return socket.socket(family, kind)
            finally:
                self._go(HOME)

    @staticmethod
    def _go(fd):
        if _libc.setns(fd, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def connect(self, ip, port, limit_s):
        """A connected TCP socket."""
        sock = self.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)
        try:
            sock.settimeout(limit_s)
            sock.connect((ip, port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except BaseException:
            sock.close()
            raise

    def listen(self, ip, port):
        sock = self.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in ip:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((ip, port))
        sock.listen(512)
        sock.setblocking(False)
        return sock

    def command(self, args):
        return [find("nsenter"), f"--net={self.path}", "--", *map(str, args)]

    def capture(self):
        """Connections in go to 15006, connections out to 15001, as with Istio; the sidecar's own
        (MARK) and loopback's stay. Of IPv6 those that go out."""
        rules = ["*nat"]
        rules += [f"-A PREROUTING -p tcp --dport {port} -j RETURN" for port in (15008, 15020, 15021, 15090)]
        rules += ["-A PREROUTING -p tcp -j REDIRECT --to-ports 15006",
                  "-A OUTPUT -p tcp -o lo -s 127.0.0.6/32 -j RETURN", # the sidecar to its app
                  f"-A OUTPUT -p tcp -o lo ! -d 127.0.0.0/8 -m mark --mark {MARK} -j REDIRECT --to-ports 15006",
                  f"-A OUTPUT -p tcp -m mark --mark {MARK} -j RETURN",
                  "-A OUTPUT -p tcp -d 127.0.0.0/8 -j RETURN",
                  "-A OUTPUT -p tcp -j REDIRECT --to-ports 15001", "COMMIT", ""]
        _run(*self.command([find("iptables-restore")]), stdin="\n".join(rules))
        rules = ["*nat", f"-A OUTPUT -p tcp -m mark --mark {MARK} -j RETURN", "-A OUTPUT -p tcp -d ::1/128 -j RETURN",
                 f"-A OUTPUT -p tcp -d {self.ip6}/128 -j RETURN", "-A OUTPUT -p tcp -j REDIRECT --to-ports 15001", "COMMIT", ""]
        _run(*self.command([find("ip6tables-restore")]), stdin="\n".join(rules))


class Switch:
    def __init__(self):
        _run("ip", "-batch", "-", stdin=f"link set lo up\nlink add br0 address {BRIDGE_MAC} type bridge\n"
             f"addr add {HOST_IP}/16 dev br0\naddr add fd10::1/64 dev br0 nodad\nlink set br0 up\n")
        # Cluster addresses are nobody's: whoever calls one unproxied hears so at once.
        try:
            with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
                file.write("1")
        except OSError:
            pass # then such a call ends by its own limit
        _run("ip", "route", "add", "unreachable", "default")
        self.place = Place("host", "/proc/self/ns/net", HOST_IP, "fd10::1")
        self._count = 0

    def plug(self, name, number):
        ip, ip6, veth = f"10.10.{number >> 8}.{number & 255}", f"fd10::{number:x}", f"veth{number}"
        low = 0xffff - number
        mac = f"02:00:00:00:{low >> 8:02x}:{low & 255:02x}"
        _run("ip", "netns", "add", name)
        _run("ip", "-batch", "-", stdin=f"link add {veth} address {mac} type veth peer name eth0 netns {name}\n"
             f"link set {veth} master br0 up\n")
        _run("ip", "-n", name, "-batch", "-", stdin=f"link set lo up\naddr add {ip}/16 dev eth0\n"
             f"addr add {ip6}/64 dev eth0 nodad\nlink set eth0 up\nroute add default via 10.10.0.1\n"
             "route add default via fd10::1\n")
        return Place(name, f"/run/netns/{name}", ip, ip6)

    @staticmethod
    def unplug(place):
        os.close(place._fd)
        _run("ip", "netns", "del", place.name)


HOME = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
