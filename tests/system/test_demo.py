"""`mesh demo`: what it shows, that it can fail, and that nothing is left of it."""

import glob
import os
import re
import signal
import subprocess

import pytest

from meshtest import free_port, http, until


@pytest.fixture
def demo(local_mesh):
    local = local_mesh()

    def start(*args, **options):
        return local.start("demo", "--http-port", str(free_port()), *args, name=f"demo-{len(local.processes)}", **options)

    return start


def processes_below(pid):
    """Of a process and all that it started, sidecars and their programs included."""
    found, left = set(), {pid}
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], stdout=subprocess.PIPE, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in table.splitlines()]
    while left:
        found |= left
        left = {child for child, parent in pairs if parent in left} - found
    return found


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_page(process):
    return process.wait_line(r"App +(http://\S+)", limit_s=40).group(1)


@pytest.mark.limit(120)
@pytest.mark.parametrize("flags", [[], ["--no-capture"]], ids=["captured", "no-capture"])
def test_it_ends_well_and_tells_whose_certificates_it_saw(demo, flags):
    process = demo("--seconds", "4", *flags)
    assert process.wait(90) == 0
    out = process.out()
    assert re.search(r"^  √ request +gateway → productpage → reviews-v[23] → ratings +200", out, re.M), out
    for service, caller in (("productpage-v1", "istio-system/sa/istio-ingressgateway-service-account"),
                            ("details-v1", "default/sa/bookinfo-productpage"),
                            ("ratings-v1", "default/sa/bookinfo-reviews")):
        assert re.search(rf"{service} +called by spiffe://cluster.local/ns/{caller}$", out, re.M), out
    pages, wrong = map(int, re.search(r"(\d+) pages, (\d+) wrong", out).groups())
    assert pages > 5 and wrong == 0
    folder = re.search(r"state in (\S+)", out).group(1)
    until(lambda: not os.path.exists(folder), f"{folder} is gone")


@pytest.mark.limit(90)
def test_the_page_can_be_read(demo):
    process = demo()
    url = wait_for_page(process)
    versions = set()

    def all_seen():
        page = http(url)
        assert page.status == 200
        text = page.text()
        assert "The Comedy of Errors" in text and "William Shakespeare" in text
        version = re.search(r"reviews-v(\d)</code>", text).group(1)
        assert ("&#9733;" in text) == (version != "1")
        assert ('class="red"' in text) == (version == "3")
        versions.add(version)
        return versions == {"1", "2", "3"}
    until(all_seen, "all versions of reviews")
    login = http(url.replace("productpage", "login?username=jason"))
    assert login.status == 303 and login.header("location") in (None, "/productpage")
    cookie = login.header("set-cookie").split(";")[0]
    assert "signed in as <b>jason</b>" in http(url, headers={"cookie": cookie}).text()
    process.signal(signal.SIGINT)
    assert process.wait(20) == 0


@pytest.mark.limit(90)
def test_nothing_is_left_after_kill(demo):
    process = demo(expect_exit=None)
    wait_for_page(process)
    folder = re.search(r"state in (\S+)", process.out()).group(1)
    pids = processes_below(process.pid)
    assert len(pids) > 12 # the demo, and a sidecar and a program for each of six services
    process.kill()
    until(lambda: not any(map(is_running, pids)), "all processes have ended", 20)
    until(lambda: not glob.glob(folder), f"{folder} is gone", 20)


@pytest.mark.limit(90)
def test_a_broken_service_is_noticed(demo):
    """Its exit code is worth something: a program killed meanwhile makes it fail."""
    process = demo("--seconds", "30", expect_exit=None)
    wait_for_page(process)
    victim = next(pid for pid in processes_below(process.pid) if is_service(pid, "ratings"))
    os.kill(victim, signal.SIGKILL)
    assert process.wait(60) == 1
    assert "ratings ended with code 137" in process.err()


def is_service(pid, name):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return False
    return words[1:3] == [b"demo-service", name.encode()]
