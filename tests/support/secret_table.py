"""Secrets as build logs show them: lines by kind, each with the secret in it.

Everything is put together here from a fixed random text, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import base64
import random
import string
from urllib.parse import quote

_random = random.Random(8_191)  # noqa: S311 - texts of tests, the same in every run
_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def _text(length: int, alphabet: str = _LETTERS) -> str:
    """Return random text in which letters of both cases and digits are sure to be."""
    while True:
        text = "".join(_random.choice(alphabet) for _ in range(length))
        if any(c.isdigit() for c in text) and any(c.isalpha() for c in text):
            return text


def _hex(length: int) -> str:
    return _text(length, _HEX)


def _base64(length: int) -> str:
    return base64.b64encode(_random.randbytes(length)).decode()


def _upper(length: int) -> str:
    return _text(length, string.ascii_uppercase + "234567")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _uuid() -> str:
    return "-".join(_hex(n) for n in (8, 4, 4, 4, 12))


WORD = "hunter2-" + _text(8)
PASS = "correct horse, battery;staple"
ODD = "p@ss/w0rd#" + _text(6) + "!"
_PEM = [_base64(48) for _ in range(6)] + [_base64(21)]

# A name -> the line with `{}` where the secret is, and the secret.
Table = dict[str, tuple[str, str]]

TOKENS: Table = {
    "github, classic": ("remote: {}", "gh" + "p_" + _text(36)),
    "github, app": ("got {} from the app", "gh" + "s_" + _text(36)),
    "github, fine-grained": ("using {}", "github" + "_pat_" + _text(22) + "_" + _text(59)),
    "gitlab": ("remote: HTTP Basic: {}", "gl" + "pat-" + _text(20)),
    "gitlab, routable": ("{} was revoked", "gl" + "pat-" + _text(27) + ".01." + _text(9)),
    "gitlab, runner": ("registering {}", "gl" + "rt-" + _text(20)),
    "slack, bot": (
        "posting with {}",
        "xo" + "xb-" + _text(12, "123456789a") + "-" + _text(13, "12345678a") + "-" + _text(24),
    ),
    "slack, app": ("posting with {}", "xa" + "pp-1-A" + _upper(10) + "-" + _text(13, "123456789a") + "-" + _hex(64)),
    "slack, webhook": ("POST https://hooks.slack" + ".com/services/{}", f"T{_upper(8)}/B{_upper(8)}/{_text(24)}"),
    "discord, webhook": ("POST https://discord" + ".com/api/webhooks/{}", "1" * 18 + "/" + _text(68)),
    "discord, bot": ("login as {}", "M" + _text(25) + "." + _text(6) + "." + _text(38)),
    "telegram": ("https://api.telegram.org/{}/sendMessage", "bot" + "1234567890:" + "AA" + _text(33)),
    "teams, webhook": (
        "https://acme.webhook.office.com/webhookb2/{}",
        f"{_uuid()}@{_uuid()}/IncomingWebhook/{_hex(32)}/{_uuid()}",
    ),
    "aws, key id": ("key {} is inactive", "AK" + "IA" + _upper(16)),
    "google, api key": ("GET /maps?{}", "AI" + "za" + _text(35)),
    "google, access token": ("expired: {}", "ya" + "29." + _text(60)),
    "google, client secret": ("client {}", "GOC" + "SPX-" + _text(28)),
    "azure, client secret": ("rejected {}", _text(3) + "8Q~" + _text(34)),
    "azure, devops": ("fatal: {} is expired", _text(76) + "AZ" + "DO" + _text(4)),
    "azure, storage": ("with {}", _text(76) + "+A" + "St" + _text(5) + "Q=="),
    "npm": ("npm notice {}", "np" + "m_" + _text(36)),
    "pypi": ("uploading with {}", "py" + "pi-AgEIcHlwaS5vcmc" + _text(100)),
    "rubygems": ("push: {}", "ruby" + "gems_" + _hex(48)),
    "cargo": ("owner {}", "ci" + "o" + _text(32)),
    "nuget": ("push {}", "oy" + "2" + _text(43, string.ascii_lowercase + string.digits)),
    "clojars": ("deploy {}", "CLO" + "JARS_" + _hex(60)),
    "artifactory": ("X: {}", "AK" + "Cp" + _text(69)),
    "stripe": ("charge with {}", "sk" + "_live_" + _text(24)),
    "stripe, restricted": ("charge with {}", "rk" + "_test_" + _text(99)),
    "stripe, webhook": ("verify {}", "wh" + "sec_" + _text(32)),
    "square": ("{} at square", "sq0" + "atp-" + _text(22)),
    "shopify": ("shop {}", "sh" + "pat_" + _hex(32)),
    "openai": ("model: {}", "sk" + "-proj-" + _text(74) + "T3BlbkFJ" + _text(74)),
    "openai, old": ("model: {}", "sk" + "-" + _text(48)),
    "anthropic": ("model: {}", "sk" + "-ant-api03-" + _text(93) + "AA"),
    "groq": ("model: {}", "gs" + "k_" + _text(52)),
    "hugging face": ("pull with {}", "hf" + "_" + _text(34)),
    "replicate": ("pull with {}", "r8" + "_" + _text(37)),
    "perplexity": ("ask with {}", "pp" + "lx-" + _text(48)),
    "x.ai": ("ask with {}", "xa" + "i-" + _text(80)),
    "twilio": ("sms with {}", "S" + "K" + _hex(32)),
    "sendgrid": ("mail with {}", "S" + "G." + _text(22) + "." + _text(43)),
    "mailgun": ("mail with {}", "ke" + "y-" + _hex(32)),
    "mailchimp": ("mail with {}", _hex(32) + "-us" + "12"),
    "brevo": ("mail with {}", "xkey" + "sib-" + _hex(64) + "-" + _text(16)),
    "docker hub": ("login {}", "dck" + "r_pat_" + _text(27)),
    "digitalocean": ("doctl {}", "do" + "p_v1_" + _hex(64)),
    "vault": ("token {} expired", "hv" + "s." + _text(90)),
    "terraform cloud": ("login {}", _text(14) + ".atlas" + "v1." + _text(67)),
    "grafana": ("dashboard {}", "gl" + "sa_" + _text(32) + "_" + _hex(8)),
    "sonar": ("scan with {}", "sq" + "p_" + _hex(40)),
    "sentry": ("release with {}", "sn" + "trys_" + "eyJ" + _text(80) + "_" + _text(43)),
    "datadog in its variable": ("DD_API_KEY={}", _hex(32)),
    "new relic": ("agent {}", "NR" + "AK-" + _upper(27)),
    "linear": ("issue {}", "lin" + "_api_" + _text(40)),
    "notion": ("page {}", "nt" + "n_" + _text(46)),
    "figma": ("file {}", "fi" + "gd_" + _text(40)),
    "postman": ("run {}", "PM" + "AK-" + _hex(24) + "-" + _hex(34)),
    "atlassian": ("jira {}", "AT" + "ATT3" + _text(180) + "=" + _upper(8)),
    "airtable": ("base {}", "pa" + "t" + _text(14) + "." + _hex(64)),
    "databricks": ("job {}", "da" + "pi" + _hex(32)),
    "doppler": ("doppler {}", "dp" + ".pt." + _text(43)),
    "pulumi": ("up with {}", "pu" + "l-" + _hex(40)),
    "planetscale": ("db {}", "psc" + "ale_tkn_" + _text(43)),
    "tailscale": ("up --authkey {}", "ts" + "key-auth-" + _text(17) + "-" + _text(32)),
    "fly": ("deploy {}", "fm" + "2_" + _base64(60)),
    "supabase": ("link {}", "sb" + "p_" + _hex(40)),
    "netlify": ("site {}", "nf" + "p_" + _text(36)),
    "alibaba": ("key {}", "LT" + "AI" + _text(20)),
    "openshift": ("oc {}", "sha256" + "~" + _text(43)),
    "swarm": ("docker swarm join {} 10.0.0.1:2377", "SWM" + "TKN-1-" + _text(50) + "-" + _text(25)),
    "1password": ("op {}", "A" + "3-" + "-".join(_upper(n) for n in (6, 6, 5, 5, 5, 5))),
    "a json web token": ("session {}", "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0In0." + _text(43)),
    "an encrypted json web token": (
        "session {}",
        "ey" + "JhbGciOiJkaXIifQ.." + _text(16) + "." + _text(80) + "." + _text(22),
    ),
    "age": ("decrypt with {}", "AGE-SEC" + "RET-KEY-1" + _upper(58)),
    "an issuer that nobody has heard of": ("acme: {}", "acm" + "e_live_" + _text(40)),
}

REQUESTS: Table = {
    "bearer": ("> Authorization: Bearer {}", _text(24)),
    "basic": ("> authorization: Basic {}", _encoded(f"ada:{WORD}")),
    "api key as a scheme": ("> Authorization: ApiKey {}", _text(30)),
    "a scheme of another service": ("> Authorization: GenieKey {}", _uuid()),
    "no scheme": ("> Authorization: {}", _hex(40)),
    "digest": ("Authorization: Digest {}", f'username="ada", realm="x", nonce="{_hex(16)}", response="{_hex(32)}"'),
    "a signed request of aws": (
        "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/eu/s3/aws4_request, SignedHeaders=host, Signature={}",
        _hex(64),
    ),
    "a header of curl": ('+ curl -H "X-Api-Key: {}" https://x', _text(32)),
    "a header of gitlab": ("> PRIVATE-TOKEN: {}", _text(20)),
    "a header of vault": ("> X-Vault-Token: {}", _text(26)),
    "a header in json": ('{{"headers": {{"Authorization": "token {}"}}}}', _hex(40)),
    "cookie": ("> Cookie: theme=dark; sessionid={}", _text(32)),
    "set-cookie": ("< Set-Cookie: connect.sid={}; Path=/; HttpOnly", "s%3A" + _text(32) + "." + _text(43)),
    "cookie of curl": ("+ curl --cookie 'JSESSIONID={}' https://x", _text(32)),
    "presigned, aws": ("GET https://b.s3.example.com/k?X-Amz-Algorithm=x&X-Amz-Signature={}", _hex(64)),
    "presigned, google": ("GET https://storage.example.com/b/o?X-Goog-Signature={}&x=1", _hex(256)),
    "azure's signature": ("PUT https://a.blob.example.com/c?sv=2022-11-02&sig={}", quote(_base64(32), safe="")),
    "a query": ("GET https://x/hook?access_token={}&page=2", _text(30)),
    "a password in an address": ("fatal: unable to access 'https://ada:{}@git.example.com/x.git'", WORD),
    "a password with a slash in an address": ("postgres://app:{}@db:5432/app", "Zt7Wm3/Kc5Rb9Xv/q8=="),
    "a password with more in an address": ("redis://:{}@cache:6379/0", ODD),
    "a token alone in an address": ("git clone https://{}@git.example.com/x.git", _hex(40)),
    "oracle": ("jdbc:oracle:thin:scott/{}@//db:1521/x", WORD),
    "sentry's address": ("SENTRY_DSN=https://{}@o1.ingest.sentry.io/2", _hex(32)),
}  # fmt: skip

PAIRS: Table = {
    "a variable": ("+ export DEPLOY_TOKEN={}", WORD),
    "a variable that is a word": ("PGPASSWORD={} psql -h db", "swordfish"),
    "a variable with blanks": ('+ export GPG_PASSPHRASE="{}"', PASS),
    "a variable in single quotes": ("+ export DB_PASSWORD='{}'", PASS),
    "a variable with odd characters": ("MYSQL_ROOT_PASSWORD={}", "a,b;c&d|e(f)g" + WORD),
    "a passphrase": ("SIGNING_PASSPHRASE={}", WORD),
    "rails": ("SECRET_KEY_BASE={}", _hex(128)),
    "django": ("SECRET_KEY = 'django-insecure-{}'", _text(40) + "$(+@&"),
    "aws": ("AWS_SECRET_ACCESS_KEY={}", "wJal/" + _text(30) + "+/aB3"),
    "a dockerfile": ("Step 4/9 : ENV DB_PASSWORD={}", WORD),
    "a dockerfile, old form": ("Step 4/9 : ENV DB_PASSWORD {}", WORD),
    "powershell": ('$env:API_SECRET = "{}"', WORD),
    "cmd": ("set FTP_PASSWORD={}", WORD),
    "setx": ("setx FTP_PASSWORD {}", WORD),
    "docker inspect": ('"Env": ["DB_PASSWORD={}", "PATH=/bin"]', WORD),
    "json": ('  "client_secret": "{}",', WORD),
    "json with blanks": ('  "password": "{}",', PASS),
    "json in json": (r'"body": "{{\"password\":\"{}\"}}"', WORD),
    "json, name and value": ('{{"name": "DB_PASSWORD", "value": "{}"}}', WORD),
    "yaml": ("  password: {}", WORD),
    "yaml, a word": ("  db_password: {}", "swordfish"),
    "yaml, quoted": ("  apiToken: '{}'", WORD),
    "yaml, name and value": ("  - name: DB_PASSWORD\n    value: {}", WORD),
    "toml": ('token = "{}"', WORD),
    "ini": ("password = {}", WORD),
    "properties": ("spring.datasource.password={}", WORD),
    "xml": ("<password>{}</password>", WORD),
    "xml, a word": ("    <dbPassword>{}</dbPassword>", "swordfish"),
    "xml, an attribute": ('<user name="ada" password="{}"/>', PASS),
    "xml, key and value": ('<add key="ApiKey" value="{}" />', WORD),
    "nuget.config": ('<add key="ClearTextPassword" value="{}" />', WORD),
    "jenkins": ("<name>DEPLOY_TOKEN</name>\n<value>{}</value>", WORD),
    "ruby": (':password=>"{}"', WORD),
    "python": ("connect(user='ada', password='{}')", WORD),
    "go": ('token := "{}"', WORD),
    "java": ("Config(user=ada, password={}, port=1)", WORD),
    "php": ("'password' => '{}',", WORD),
    "a connection string": ("Server=db;User Id=sa;Password={};Encrypt=true", WORD),
    "a connection string, short": ("Data Source=db;Uid=sa;Pwd={};", WORD),
    "azure storage": ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=x", _base64(64)),
    "service bus": ("Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={}", _base64(32)),
    "docker's config": ('"https://index.docker.io/v1/": {{"auth": "{}"}}', _encoded(f"ada:{WORD}")),
    "npm, token": ("//registry.example.com/:_authToken={}", _uuid()),
    "npm, auth": ("//registry.example.com/:_auth={}", _encoded(f"ada:{WORD}")),
    "npm, password": ("//registry.example.com/:_password={}", _encoded(WORD)),
    "rubygems, credentials": (":rubygems_api_key: {}", _hex(32)),
    "pypirc": ("[pypi]\nusername = ada\npassword = {}", WORD),
    "netrc": ("machine git.example.com login ada password {}", WORD),
    "netrc, lines": ("machine git.example.com\n  login ada\n  password {}", "swordfish1"),
    "pgpass": ("db.example.com:5432:app:ada:{}", WORD),
    "kubeconfig, key": ("    client-key-data: {}", _encoded("-----BEGIN RSA PRIV" + "ATE KEY-----\n" + _PEM[0])),
    "kubeconfig, token": ("    token: {}", _text(40)),
    "kubernetes secret": ("  DB_PASSWORD: {}", _encoded(WORD)),
    "wireguard": ("PrivateKey = {}", _base64(32)),
    "maven": ("<server><id>x</id><username>ada</username><password>{}</password></server>", WORD),
    "gradle": ("signing.password={}", WORD),
    "git credential": ("protocol=https\nhost=x\nusername=ada\npassword={}", WORD),
    "terraform": ('db_password = "{}"', WORD),
    "terraform's plan": ('  + password = "{}"', WORD),
    "sql": ("CREATE USER app IDENTIFIED BY '{}'", WORD),
    "postgres": ("ALTER ROLE app WITH PASSWORD '{}'", WORD),
    "a sentence": ("The generated admin password is {}", WORD),
    "a sentence with a colon": ("Initial root password: {}", WORD),
    "a table": ("| DB_PASSWORD | {} |", WORD),
    "a webhook's secret": ("webhook_secret: {}", _hex(40)),
    "an encryption key": ("ENCRYPTION_KEY={}", _base64(32)),
    "a numbered key": ("Unseal Key 1: {}", _base64(33)),
    "a key in a sentence": ("the API key {} is not valid here", _text(24)),
    "a password for somebody": ("Temporary password for user ada: {}", WORD),
    "a token with the name of a login": ("sonar.login={}", _hex(40)),
}  # fmt: skip

COMMANDS: Table = {
    "--password": ("+ deploy --user ada --password {}", WORD),
    "--password=": ("+ deploy --password={}", "swordfish"),
    "--password in quotes": ("+ deploy --password '{}'", PASS),
    "--password in a list": ('["deploy", "--password", "{}"]', WORD),
    "--token": ("+ oc login --token {}", _text(43)),
    "--api-key": ("+ dotnet nuget push x.nupkg --api-key {}", _uuid()),
    "--from-literal": ("+ kubectl create secret generic x --from-literal=pw={}", WORD),
    "--set": ("+ helm upgrade --set db.password={} app .", WORD),
    "-D": ("+ mvn -Dgpg.passphrase={} deploy", WORD),
    "-Password": ("PS> Connect -UserName ada -Password {}", WORD),
    "-storepass": ("+ keytool -storepass {} -list", WORD),
    "-passin": ("+ openssl rsa -passin pass:{} -in x", WORD),
    "curl -u": ("+ curl -u ada:{} https://x", WORD),
    "curl -u in quotes": ("+ curl -s -u 'ada:{}' https://x", ODD),
    "curl --user": ("+ curl --user ada:{} https://x", WORD),
    "mysql -p": ("+ mysql -h db -u root -p{} app", WORD),
    "mysqldump -p in quotes": ("+ mysqldump -p'{}' app", WORD),
    "sshpass": ("+ sshpass -p {} ssh ada@host", WORD),
    "sshpass in quotes": ("+ sshpass -p '{}' ssh ada@host", PASS),
    "docker login": ("+ docker login -u ada -p {} registry", WORD),
    "docker login from a pipe": ("+ echo {} | docker login -u ada --password-stdin", WORD),
    "chpasswd": ('+ echo "ada:{}" | chpasswd', WORD),
    "az login": ("+ az login --service-principal -u x -p {} --tenant y", WORD),
    "redis-cli": ("+ redis-cli -h cache -a {} ping", WORD),
    "sqlcmd": ("+ sqlcmd -S db -U sa -P {} -Q x", WORD),
    "mongo": ("+ mongosh -u root -p {} admin", WORD),
    "ldap": ("+ ldapsearch -D cn=admin -w {} -b x", WORD),
    "twine": ("+ twine upload -u __token__ -p {} dist/*", WORD),
    "htpasswd": ("+ htpasswd -bc file ada {}", WORD),
    "zip": ("+ zip -P {} x.zip x", WORD),
    "cargo": ("+ cargo login {}", _text(35)),
    "vault": ("+ vault login {}", "s." + _text(24)),
    "npm config": ("+ npm config set //registry.example.com/:_authToken {}", _uuid()),
    "aws configure": ("+ aws configure set aws_secret_access_key {}", _text(40)),
    "composer": ("+ composer config http-basic.example.com ada {}", WORD),
    "smbclient": ("+ smbclient //host/share -U ada%{}", WORD),
    "kubeadm": ("+ kubeadm join 10.0.0.1:6443 --token {}", "abc" + _hex(3) + "." + _hex(16)),
}

_TOKEN = "gh" + "p_" + _text(36)
_LONG = "ey" + "JhbGciOiJSUzI1NiJ9.ey" + "J" + _text(120) + "." + _text(200)
DISGUISED: Table = {
    "after an escaped line end": (r'"log": "done\n{}"', _TOKEN),
    "percent-encoded around": ("GET /cb?state=token%3D{}%26x%3D1", _TOKEN),
    "percent-encoded inside": ("GET /cb?{}", _TOKEN.replace("_", "%5F")),
    "unicode escapes around": ("\\u0022{}\\u0022", _TOKEN),
    "html": ("password=&quot;{}&quot;", WORD),
    "colours written out": (r"\033[31m{}\033[0m", _TOKEN),
    "colours written with carets": ("^[[1m{}^[[0m", _TOKEN),
    "base64": ("data: {}", _encoded(_TOKEN)),
    "wrapped early": ("token {}", _TOKEN[:12] + "\n" + _TOKEN[12:]),
    "wrapped late": ("token {}", _TOKEN[:28] + "\n" + _TOKEN[28:]),
    "wrapped with indentation": ("  token: {}", _TOKEN[:20] + "\n    " + _TOKEN[20:]),
    "wrapped twice": ("session {}", "\n".join(_LONG[at : at + 120] for at in range(0, len(_LONG), 120))),
    "wrapped, of a variable": (
        "AWS_SESSION_TOKEN={}",
        (long := _base64(150))[:80] + "\n" + long[80:160] + "\n" + long[160:],
    ),
}


def _key(label: str, lines: list[str]) -> str:
    return "\n".join(("-----BEGIN " + label + "-----", *lines, "-----END " + label + "-----"))


_PRIVATE = "PRIV" + "ATE KEY"
KEYS: Table = {
    "pkcs8": ("{}", _key(_PRIVATE, _PEM)),
    "rsa": ("+ cat key\n{}\ndone", _key("RSA " + _PRIVATE, _PEM)),
    "openssh": ("{}", _key("OPENSSH " + _PRIVATE, _PEM)),
    "encrypted": ("{}", _key("RSA " + _PRIVATE, ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,1F", "", *_PEM])),
    "pgp": ("{}", _key("PGP " + _PRIVATE + " BLOCK", ["Version: GnuPG v2", "", *_PEM, "=aB3d"])),
    "without its end": ("{}", "-----BEGIN RSA " + _PRIVATE + "-----\n" + "\n".join(_PEM)),
    "on one line": ('"private_key": "{}"', _key(_PRIVATE, _PEM).replace("\n", r"\n")),
    "on one line with blanks": ("SSH_KEY={}", _key("RSA " + _PRIVATE, _PEM).replace("\n", " ")),
    "indented": ("ssh: |\n{}", "\n".join("    " + line for line in _key(_PRIVATE, _PEM).split("\n"))),
    "in a patch": ("{}", "\n".join("+" + line for line in _key(_PRIVATE, _PEM).split("\n"))),
    "between time stamps": ("{}", "\n".join(f"12:00:01 {line}" for line in _key(_PRIVATE, _PEM).split("\n"))),
    "putty": (
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n{}",
        "\n".join(("Private-Lines: 2", _PEM[0], _PEM[6], "Private-MAC: " + _hex(64))),
    ),
    "openvpn": ("{}", _key("OpenVPN Static key V1", [_hex(32) for _ in range(16)])),
    "base64 of a key": ("data: {}", _encoded(_key("RSA " + _PRIVATE, _PEM))),
}  # fmt: skip

TABLE: Table = {
    f"{kind}: {name}": case
    for kind, cases in (("token", TOKENS), ("request", REQUESTS), ("pair", PAIRS), ("command", COMMANDS),
                        ("disguised", DISGUISED), ("key", KEYS))
    for name, case in cases.items()
}  # fmt: skip
