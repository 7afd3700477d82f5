"""The chat page in a real browser."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from signed_token import SESSION, decoded, signed

SCREENSHOTS = Path(__file__).resolve().parents[2] / ".build/screenshots"
PATIENCE = 60


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=900,900"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """What a person sees of the page and does to it."""

    def __init__(self, browser: webdriver.Chrome):
        self.browser = browser

    def open(self, url: str) -> None:
        self.browser.get(url)
        self.browser.execute_script("sessionStorage.clear()")
        self.browser.refresh()
        self.wait(lambda: self.part("input").is_displayed())

    def part(self, name: str):
        return self.browser.find_element(By.CSS_SELECTOR, f'[data-part="{name}"]')

    def send(self, text: str) -> None:
        self.part("input").send_keys(text, Keys.ENTER)

    def messages(self) -> list[tuple[str, str]]:
        """(state, text) of every message."""
        return [
            tuple(pair)
            for pair in self.browser.execute_script(
                "return [...document.querySelectorAll('.message')]"
                ".map(m => [m.dataset.state, m.querySelector('.text').textContent])"
            )
        ]

    def last(self) -> tuple[str, str]:
        return (self.messages() or [("", "")])[-1]

    def wait(self, condition):
        return WebDriverWait(self.browser, PATIENCE, poll_frequency=0.05).until(lambda _: condition())

    def wait_for_answers(self, count: int) -> None:
        self.wait(lambda: len(self.messages()) == 2 * count and self.last()[0] not in ("streaming", ""))

    def polls(self) -> int:
        return self.browser.execute_script(
            "return performance.getEntriesByType('resource').filter(e => e.name.includes('/poll')).length"
        )

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def complaints(self) -> list[str]:
        """What the browser's console has as errors."""
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture
def page(browser, site) -> Page:
    return Page(browser)


def test_an_answer_grows_by_polls(page, site):
    model = site.model("rate=40;tokens=120")
    page.open(f"{site.nginx.url}/?model={model.name}")
    page.send("Tell me something")
    lengths = set()

    def finished():
        state, text = page.last()
        lengths.add(len(text))
        if state == "streaming" and len(text) > 100:
            page.screenshot("page-streaming")
        return len(page.messages()) == 2 and state == "done"

    page.wait(finished)
    assert page.last() == ("done", site.text(model))
    assert len(lengths) >= 4, "the text came in one piece"
    assert page.polls() >= 4
    page.screenshot("page-done")
    assert page.complaints() == []


def test_an_answer_grows_as_a_stream(page, site):
    model = site.model("rate=40;tokens=120;text=prose")
    page.open(f"{site.nginx.url}/?model={model.name}&streams")
    page.send("Tell me something")
    lengths = set()

    def finished():
        lengths.add(len(page.last()[1]))
        return len(page.messages()) == 2 and page.last()[0] == "done"

    page.wait(finished)
    assert page.last() == ("done", site.text(model))
    assert len(lengths) >= 4, "the text came in one piece"
    assert page.polls() == 0
    assert page.complaints() == []


def test_a_stream_goes_on_where_its_node_died(page, deploy):
    """The other one has it, and what it cannot stream is polled."""
    deployment = deploy()
    first, second = deployment.add_node(), deployment.add_node(stream_limit="0")
    deployment.add_nginx(first.addresses + second.addresses)
    model = deployment.model("rate=40;tokens=2000")
    page.open(f"{deployment.nginx.url}/?model={model.name}&streams")
    page.send("Hello")
    page.wait(lambda: len(page.last()[1]) > 60)
    seen = page.last()[1]
    owner = deployment.sql.execute("select tag from node join turn on owner = incarnation").fetchone()["tag"]
    (first, second)[owner - 1].kill()
    page.wait(lambda: page.last()[0] == "interrupted")
    assert page.last()[1].startswith(seen)
    assert deployment.text(model).startswith(page.last()[1])


def test_a_conversation_goes_on(page, site):
    model = site.model("text=echo;rate=0")
    page.open(f"{site.nginx.url}/?model={model.name}")
    page.send("first")
    page.wait_for_answers(1)
    page.send("second")
    page.wait_for_answers(2)
    assert [text for _, text in page.messages()] == ["first", "first", "second", "second"]
    requests = site.upstream(model)
    assert [message["content"] for message in requests[1]["body"]["messages"]] == ["first", "first", "second"]


def test_stop_keeps_the_text_so_far(page, site):
    model = site.model("rate=30;tokens=5000")
    page.open(f"{site.nginx.url}/?model={model.name}")
    page.send("Go on and on")
    page.wait(lambda: len(page.last()[1]) > 60)
    page.part("stop").click()
    page.wait(lambda: page.last()[0] == "cancelled")
    assert site.text(model).startswith(page.last()[1])
    assert page.part("send").is_displayed()


def test_a_reload_reads_on(page, site):
    model = site.model("rate=40;tokens=160")
    page.open(f"{site.nginx.url}/?model={model.name}")
    page.send("Hello")
    page.wait(lambda: len(page.last()[1]) > 60)
    page.browser.refresh()
    page.wait(lambda: page.last()[0] == "done")
    assert page.messages() == [("done", "Hello"), ("done", site.text(model))]
    assert len(site.upstream(model)) == 1


def test_what_a_model_writes_never_becomes_markup(page, site):
    model = site.model("text=echo;rate=0")
    page.open(f"{site.nginx.url}/?model={model.name}")
    text = "<img src=x onerror=\"document.title='taken'\"> <b>bold</b> ‮ 👩‍👩‍👧"
    page.browser.execute_script("arguments[0].value = arguments[1]", page.part("input"), text)
    page.send("")
    page.wait_for_answers(1)
    assert page.last() == ("done", text)
    assert page.browser.title == "Sluice"


def test_a_failure_is_told_and_the_text_stays(page, site):
    model = site.model("fault=reset;after=20;rate=100")
    page.open(f"{site.nginx.url}/?model={model.name}")
    page.send("Hello")
    page.wait_for_answers(1)
    state, text = page.last()
    assert state == "error"
    assert len(text) > 20
    assert page.browser.find_element(By.CSS_SELECTOR, ".message.assistant .note").text
    page.screenshot("page-error")


def test_nodes_that_are_away_for_a_moment(page, deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=40;tokens=2000")
    page.open(f"{deployment.nginx.url}/?model={model.name}")
    page.send("Hello")
    page.wait(lambda: len(page.last()[1]) > 60)
    seen = page.last()[1]
    node.kill()
    page.wait(lambda: "Trying again" in page.part("status").text)
    node.start()
    page.wait(lambda: page.last()[0] == "interrupted")
    assert page.last()[1].startswith(seen)


def kept_session(page: Page) -> dict:
    """What the page keeps in localStorage."""
    return json.loads(page.browser.execute_script("return localStorage.getItem('sluice.session.web')"))


def age_session(page: Page, kept: dict) -> None:
    """As if 25 of its 30 days had gone."""
    now = int(time.time())
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 5 * 86_400))
    aged = {**kept, "expires_at": expires, "since": (now - 25 * 86_400) * 1000}
    page.browser.execute_script("localStorage.setItem('sluice.session.web', arguments[0])", json.dumps(aged))


def visitor(page: Page) -> tuple[str, str]:
    """The identity and the surface of the kept token."""
    payload = decoded(kept_session(page)["token"].split(".")[2])
    return payload[5:21].hex(), payload[21:37].hex()


def test_a_visitor_who_comes_back_late_stays_the_same(page, site):
    model = site.model("text=echo;rate=0")
    page.open(f"{site.nginx.url}/?model={model.name}")
    page.send("first")
    page.wait_for_answers(1)
    identity, surface = visitor(page)
    old = signed(site, SESSION, int(time.time()) + 5 * 86_400, identity, surface)
    age_session(page, {"token": old})
    page.send("second")
    page.wait_for_answers(2)
    assert page.last() == ("done", "second")
    kept = kept_session(page)
    assert kept["token"] != old and kept["since"] > (time.time() - 86_400) * 1000
    assert visitor(page) == (identity, surface)


def test_a_session_whose_key_is_gone_makes_a_new_visitor(page, site):
    model = site.model("text=echo;rate=0")
    page.open(f"{site.nginx.url}/?model={model.name}")
    page.browser.execute_script("localStorage.clear()")
    page.browser.refresh()
    age_session(page, {"token": "v1.gone.AAAA.AAAA"})
    page.send("first")
    page.wait_for_answers(1)
    assert page.last() == ("done", "first")
    assert kept_session(page)["token"] != "v1.gone.AAAA.AAAA"
