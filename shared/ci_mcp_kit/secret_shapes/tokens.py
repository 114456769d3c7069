"""The formats of tokens: texts that are secrets wherever they stand, as their issuers publish them."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from ci_mcp_kit.secret_shapes.false_positives import is_words, looks_random
from ci_mcp_kit.secret_shapes.shape import Shape, matches, pattern, shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_mcp_kit.secret_shapes.shape import Span

# Where a token may begin. The second is for tokens that may hold a hyphen: none may begin inside another's text, so
# that a long run of such characters is read once and not once for each place in it.
START = r"(?<![A-Za-z0-9_])"
_APART = r"(?<![A-Za-z0-9_-])"
_BODY = r"(?:[A-Za-z0-9_=~+-]|[./:](?=[A-Za-z0-9_+/-]{2}))"
_LEAST, _MOST = 16, 4000  # characters after a prefix

# Prefixes with which no word and no name begins.
_DISTINCTIVE = """
ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- gloas- glsoat-
glffct- xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xoxe.xoxb- xoxe.xoxp- xapp- pypi-AgE ATATT3 ATCTT3 BBDC-
AKCp cmVmd AIza ya29. GOCSPX- ABSK sk_live_ sk_test_ rk_live_ rk_test_ whsec_ sk-ant- sk-proj- sk-svcacct- sk-admin-
sk-or-v1- gsk_ pplx- r8_ nvapi- lsv2_pt_ lsv2_sk_ pcsk_ dckr_pat_ dckr_oat_ dop_v1_ doo_v1_ dor_v1_ SWMTKN-1- hvs. hvb.
hvr. dp.pt. dp.st. dp.ct. dp.sa. dp.scim. xkeysib- xsmtpsib- shippo_live_ shippo_test_ glsa_ glc_ sqp_ squ_ sqa_
sntrys_ sntryu_ dt0c01. dt0s16. NRAK- NRII- NRJS- NRRA- NRIQ- phx_ lin_api_ lin_oauth_ ntn_ figd_ figdr_ PMAK- tfp_
CFPAT- pat-na1- pat-eu1- shpat_ shpca_ shppa_ shpss_ sq0atp- sq0csp- access_token$production$ access_token$sandbox$
rzp_live_ rzp_test_ FLWSECK- FLWSECK_TEST- pscale_tkn_ pscale_oauth_ pscale_pw_ sbp_ sb_secret_ nfp_ HRKU-
tskey-auth- tskey-api- tskey-client- bkua_ bkct_ CCIPAT_ zpka_ AGE-SECRET-KEY-1 EAACEdEose0cBA duffel_live_ duffel_test_
FlyV1_fm2_ SG. hf_ rubygems_ CLOJARS_ secret-token: fio-u- AVNS_ waka_ cursor_ ctx7sk- e2b_ wandb_v1_
"""
# Those with which one might: what follows has to look random.
_AMBIGUOUS = """
sk- cio oy2 AQ. AKID ATBB fw_ re_ key- MCxx secret_ perm: perm- dapi pul- t1. y0_ AQVN v1.0- sess- prefect_ doppler_
rnd_ csk- api_org_ 1//0 EAAA sha256~ xai- LTAI jina_ access-production- access-sandbox- ops_eyJ vault:v1: rdme_ sgp_
tk-us- pnu_ EZAK EZTK tvly- fo1_ fm2_ sk-lf- nfc_ ico- aio_ cf_ bot phc_ dose_ ddp_ ddw_ pk_live_ SK tok_
"""


def _prefixed(prefixes: str, harmless: Callable[[str], bool]) -> Shape:
    """Make the shape of tokens with one of some prefixes; a token may go on in the next line."""
    every = sorted(prefixes.split(), key=len, reverse=True)
    return Shape(
        tuple(prefix.lower() for prefix in every),
        rf"{_APART}(?:{'|'.join(map(re.escape, every))})"
        rf"(?P<body>{_BODY}{{{_LEAST},{_MOST}}}"
        rf"|{_BODY}{{2,{_LEAST}}}\n[ \t]{{0,80}}[A-Za-z0-9_-]{{8,{_MOST}}}(?![^\n\"']))",
        lambda match: harmless(match["body"].replace("\n", "")),
    )


def _is_name(body: str) -> bool:
    """Return whether what follows a prefix is a name of words in lower case."""
    return body == body.lower() and not any(c.isdigit() for c in body)


def _is_no_pair(match: re.Match[str]) -> bool:
    """Return whether the base64 after a scheme holds no user and password."""
    text = match[0].split()[-1].rstrip("=")
    return b":" not in base64.b64decode(text[: len(text) // 4 * 4])


def _is_no_key(match: re.Match[str]) -> bool:
    """Return whether the base64 of a PEM block holds no private key."""
    text = match[0][: len(match[0]) // 4 * 4]
    return b"PRIVATE KEY" not in base64.b64decode(text)[:80]


# The beginnings that the base64 of every text with a prefix has.
_BASE64_OF = [
    base64.b64encode(prefix.encode()).decode()[: len(prefix) * 8 // 6]
    for prefix in _DISTINCTIVE.split()
    if len(prefix) >= 4 and prefix[-1] in "_-"  # noqa: PLR2004 - characters: shorter ones begin other texts, too
]

TOKENS: tuple[Shape, ...] = (
    _prefixed(_DISTINCTIVE, _is_name),
    _prefixed(_AMBIGUOUS, lambda body: not looks_random(body)),
    _prefixed(" ".join(_BASE64_OF), lambda body: not looks_random(body)),
    shape("npm_", START + r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])"),
    shape("akia|asia|abia|acca", START + r"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    # JSON in base64: tokens of RFC 7519 and 7516, and those of many others. Source maps are no secrets.
    shape(
        "eyj",
        r"(?<![A-Za-z0-9_-])(?<!base64,)eyJ(?:[A-Za-z0-9_-]{17,8000}|[A-Za-z0-9_-]{9,16}(?=\.[A-Za-z0-9_-]{0,8000}\.))"
        r"(?:\.[A-Za-z0-9_-]{0,8000}){0,4}={0,2}",
    ),
    shape("ls0tls1crudjti", START + r"LS0tLS1CRUdJTi[A-Za-z0-9+/_-]{60,40000}={0,2}", _is_no_key),
    # Addresses that are secrets themselves.
    shape(
        "hooks.slack.com/|/api/webhooks/|/webhookb2/|/hooks/catch/|office.com/webhook|chat.googleapis.com/|maker.ifttt.com/",
        r"(?i)(?P<lead>hooks\.slack\.com/(?:services|workflows|triggers)/|/api/webhooks/|/webhookb2/|/hooks/catch/"
        r"|office\.com/webhook/|chat\.googleapis\.com/v1/spaces/|maker\.ifttt\.com/)[A-Za-z0-9/_@.?=&%-]{20,1000}",
    ),
    shape("basic ", r"(?i)(?P<lead>" + START + r"basic[ \t]{1,4})[A-Za-z0-9+/]{12,4000}={0,2}", _is_no_pair),
    shape(
        "bearer", r"(?i)(?P<lead>" + START + r"bearer[ \t]{1,4})[A-Za-z0-9+/=._~-]{16,8000}", lambda m: is_words(m[0])
    ),
    # Those that have a known text inside.
    shape(":aa", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,35}", before=(8, 9, 10)),  # Telegram
    shape("-us1|-us2", r"(?<![A-Za-z0-9])[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])", before=(32,)),  # Mailchimp
    shape("q~", r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,36}", before=(4,)),  # Microsoft Entra
    shape(
        "+ast|azdo|azfu|azse|aiot|acdb",
        r"[A-Za-z0-9+/_-]{42,76}[+A-Z][A-Za-z]{3}[A-Za-z0-9+/_-]{4,8}={0,2}",
        before=(76, 44, 42),
    ),
    shape(".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,100}", before=(14,)),  # HCP Terraform
    shape("pat", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),  # Airtable
    shape("a3-", r"A3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}"),  # 1Password
)

_LONG_RUN = rb"[_.-][A-Za-z0-9]{24,512}"
_ISSUER = (
    r"(?<![A-Za-z0-9_./-])(?!sha[0-9]|md5)(?:[a-z][a-z0-9]{1,11}|[A-Z][A-Z0-9]{1,11})(?:[_-][a-z0-9]{2,8}){0,2}[_-]$"
)
_DISCORD = r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.$"


def unlisted_spans(text: str) -> Iterator[Span]:
    """Yield tokens of issuers that are not listed: a prefix of letters, as most of them have, and random text."""
    for run in matches(_LONG_RUN, text.encode("ascii", "replace")):
        start, end = run.start() + 1, run.end()
        body = text[start:end]
        if body.lower() != body != body.upper() and looks_random(body):
            before = text[max(0, start - 45) : start]
            if issuer := pattern(_ISSUER).search(before) or pattern(_DISCORD).search(before):
                yield start - len(issuer[0]), end
