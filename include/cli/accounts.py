"""`accounts`: the rows of cloud_user. Secret keys come from a prompt or stdin only."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.console import (
    EPILOG,
    Exit,
    ask_secret,
    ask_whether,
    is_asked,
    masker,
    report,
    report_json,
    say,
    session,
    show_error,
    utcnow,
    verb,
)
from include.cli.options import AsJson, VendorChoice
from include.cli.runs import ready, request
from include.errors import ConfigError

if TYPE_CHECKING:
    from include.models import Account
    from include.warehouse.tickets.account_changes import Changed
    from include.warehouse.tickets.accounts import AccountInfo, Rewrite
    from include.work.place import Workplace

UNREADABLE = "A program that signs with the same rows can then not read its keys"

AccountIds = Annotated[
    list[str], typer.Argument(metavar="ACCOUNT...", help="Ids of rows; see `accounts list`.")
]

app = typer.Typer(
    help="The vendor accounts and their encrypted keys.", no_args_is_help=True, epilog=EPILOG
)


@app.command(epilog=EPILOG)
@verb
def add(
    account_id: Annotated[str, typer.Argument(help="Id of the row, up to 50 characters.")],
    vendor: Annotated[
        VendorChoice, typer.Option(help="Whose account it is.", case_sensitive=False)
    ],
    access_key: Annotated[
        str, typer.Option(help="Access key id: AccessKeyId, AK, SecretId. Not the secret.")
    ],
    region: Annotated[
        str, typer.Option(help="Region, which chooses the vendor's host; empty: the usual one.")
    ] = "",
    name: Annotated[str | None, typer.Option(help="What people call the account.")] = None,
    connection: Annotated[
        str | None,
        typer.Option(help="Keep no secret here: it is the password of this Airflow connection."),
    ] = None,
    replace_key: Annotated[
        bool, typer.Option("--replace-key", help="The vendor issued another access key for it.")
    ] = False,
) -> None:
    """Add an account, or store a new key for one that is there.

    The secret key is asked for, or read from stdin when that is not a terminal:
    `… accounts add main --vendor huawei --access-key AK < secret.txt`
    """
    from include.models import Account
    from include.warehouse.tickets.accounts import add_account

    with session() as place:
        secret = "" if connection else _read_secret()
        account = Account(account_id, vendor.value, access_key, secret, region)
        done = add_account(
            place.warehouse,
            place.ring,
            account,
            name=name,
            connection_id=connection,
            replace_key=replace_key,
            now=utcnow(),
        )
        asked = {"region": region, "connection": connection, "replace_key": replace_key}
        _note(place, f"accounts {'add' if done == 'added' else 'update'}", asked, account=account)
    report(f"{account_id} ({vendor.value}): {done}")
    say("next: `python -m include check` tries it")


@app.command("list", epilog=EPILOG)
@verb
def list_(as_json: AsJson = False) -> None:
    """Show the accounts, how their keys are kept, and what is wrong. Never a key."""
    from include.work.accounts import list_accounts

    with session() as place:
        infos = list_accounts(place)
    if as_json:
        report_json([asdict(info) for info in infos])
    elif infos:
        _show(infos)
    else:
        say("no accounts yet: add one with `python -m include accounts add`")


@app.command(epilog=EPILOG)
@verb
def enable(account_ids: AccountIds, as_json: AsJson = False) -> None:
    """Switch accounts on: the next run reads them."""
    from include.warehouse.tickets.account_changes import switch_accounts

    with ready() as place:
        done = switch_accounts(place.warehouse, account_ids, on=True)
        _note_each(place, "accounts enable", done)
    _show_changed(done, "enabled", "was on already", as_json=as_json)
    if not as_json:
        say("next: `python -m include check` tries them")


@app.command(epilog=EPILOG)
@verb
def disable(account_ids: AccountIds, as_json: AsJson = False) -> None:
    """Switch accounts off: no run reads them until `accounts enable`. All they have stays."""
    from include.warehouse.tickets.account_changes import switch_accounts

    with ready() as place:
        done = switch_accounts(place.warehouse, account_ids, on=False)
        _note_each(place, "accounts disable", done)
    _show_changed(done, "disabled", "was off already", as_json=as_json)
    if not as_json:
        _say_who_reads_now(done)


@app.command(epilog=EPILOG)
@verb
def rename(
    account_id: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of its row.")],
    name: Annotated[str, typer.Argument(help="What people call it; '' for nothing.")],
    as_json: AsJson = False,
) -> None:
    """Give an account another name. Its id stays: its tickets and runs bear it."""
    from include.warehouse.tickets.account_changes import rename_account

    with ready() as place:
        done = [rename_account(place.warehouse, account_id, name)]
        _note_each(place, "accounts rename", done, {"name": name})
    _show_changed(done, f"renamed to {name!r}", "has that name already", as_json=as_json)


@app.command(epilog=EPILOG)
@verb
def remove(
    account_ids: AccountIds,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take accounts and their keys away. Their tickets, messages and runs stay.

    `accounts disable` leaves the key where it is. `accounts add` with the same id brings an account
    back, with its tickets.
    """
    from include.warehouse.tickets import account_changes

    with ready() as place:
        if not yes:
            _ask_whether_to_remove(account_changes.look_at_accounts(place.warehouse, account_ids))
        done = account_changes.remove_accounts(place.warehouse, account_ids)
        _note_each(place, "accounts remove", done)
    _show_changed(done, "removed", "", as_json=as_json)
    if not as_json:
        _say_who_reads_now(done)
        one = done[0]
        say(
            f"back: `accounts add {one.account_id} --vendor {one.vendor} --access-key …`, with the"
            " same id, finds its tickets again, and lists all from SYNC_SINCE on once"
        )


@app.command(epilog=EPILOG)
@verb
def encrypt(
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask: nothing else signs with these rows.")
    ] = False,
) -> None:
    """Encrypt in place the secret keys that are stored as plain text. May be repeated.

    Another program that signs with a row of cloud_user can then not read its key: see
    docs/connecting.md, "Keys that another program reads too".
    """
    from include.warehouse.tickets.accounts import encrypt_plain

    with session() as place:
        if not yes:
            _ask_whether_to_encrypt(place)
        done = encrypt_plain(place.warehouse, place.ring)
        _note(place, "accounts encrypt", {"key": place.ring.ids[:1]}, done=done)
        _end(done, "encrypted")


@app.command(epilog=EPILOG)
@verb
def rotate() -> None:
    """Encrypt all secret keys anew with the first key of SECRET_KEYS. May be stopped and repeated.

    Put a new key first (`accounts new-key`), keep the old ones after a comma, run this, then
    remove the old ones.
    """
    from include.warehouse.tickets.accounts import rotate as rotate_all

    with session() as place:
        done = rotate_all(place.warehouse, place.ring)
        _note(place, "accounts rotate", {"key": place.ring.ids[:1]}, done=done)
        _end(done, f"encrypted with {place.ring.ids[0]}")
        if len(place.ring.ids) > 1:
            say(f"next: {', '.join(place.ring.ids[1:])} may leave SECRET_KEYS everywhere")


@app.command("new-key", epilog=EPILOG)
@verb
def new_key(
    key_id: Annotated[
        str, typer.Option("--id", help="Its id; by default k and today's date.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it to this new file, with mode 600, instead."),
    ] = None,
) -> None:
    """Print a fresh random key for SECRET_KEYS, or write it to a file. It stands nowhere else."""
    from include.secrets import new_key as make
    from include.secrets import write_new_key

    key_id = key_id or utcnow().strftime("k%Y%m%d")
    if output is None:
        report(make(key_id))
    else:
        write_new_key(output, key_id)
        report(f"{key_id}: SECRET_KEYS=file:{output.absolute()}")
    say(
        "put it first in SECRET_KEYS (older keys after a comma), then run `accounts encrypt` or"
        " `accounts rotate`; who loses it must store every account's key again"
    )


def _ask_whether_to_encrypt(place: Workplace) -> None:
    """Let a person confirm that keys become unreadable for others. Raises ConfigError."""
    from include.work.accounts import list_accounts

    plain = [info.account_id for info in list_accounts(place) if info.storage == "plain"]
    if not plain:
        return
    say(
        f"{len(plain)} keys are plain text: {', '.join(plain[:20])}. {UNREADABLE}, and there is no"
        " command that puts them back: save cloud_user first"
    )
    if not is_asked():
        raise ConfigError(
            "nothing was encrypted: nobody can be asked here. Add --yes once no other program"
            " reads these keys (docs/connecting.md, Keys that another program reads too)"
        )
    if not ask_whether("Encrypt them now?"):
        raise ConfigError("nothing was encrypted")


def _ask_whether_to_remove(accounts: list[Changed]) -> None:
    """Let a person confirm that keys go. Raises ConfigError."""
    for one in accounts:
        name = f" ({one.name})" if one.name else ""
        say(
            f"{one.account_id}{name}, {one.vendor}: its key goes, with how far it was read and"
            f" {one.quarantined} tickets in quarantine. {one.tickets} tickets stay with their"
            " messages, and its runs in sync_run; reports show its id without a name"
        )
    _say_who_reads_now(accounts)
    if not is_asked():
        raise ConfigError("nothing was removed: nobody can be asked here. Add --yes")
    if not ask_whether("Remove them now?"):
        raise ConfigError("nothing was removed")


def _say_who_reads_now(accounts: list[Changed]) -> None:
    """Say what becomes of the tickets that accounts leave unread."""
    for one in accounts:
        if not one.open_tickets:
            continue
        if one.has_others:
            then = (
                f"the other accounts of {one.vendor} ask for them at their next run, and who knows"
                " one reads it on; `verify` names the rest (without reader)"
            )
        else:
            then = (
                f"no other account of {one.vendor} is on, so that nobody hears of their closing;"
                " `verify` names them (without reader)"
            )
        say(f"{one.account_id}: {one.open_tickets} tickets are not complete: {then}")


def _read_secret() -> str:
    if is_asked():
        secret = ask_secret("Secret key")
    else:
        lines = [line.strip() for line in sys.stdin if line.strip()]
        if len(lines) != 1:
            raise ConfigError(
                f"stdin must hold the secret key and nothing else: one line, not {len(lines)}"
            )
        secret = lines[0]
    masker.add(secret)
    return secret


def _note(
    place: Workplace,
    verb: str,
    asked: dict[str, Any],
    *,
    account: Account | None = None,
    done: Rewrite | None = None,
) -> None:
    """Leave in the ledger who touched which key, and when; never the key."""
    from include.warehouse.bookkeeping import ledger

    ledger.note(
        place.warehouse,
        account.account_id if account else "all",
        "keys",
        vendor=account.vendor if account else "",
        request=request(verb, asked),
        written=done.changed if done else 1,
        failed=len(done.bad) if done else 0,
    )


def _note_each(
    place: Workplace, verb: str, accounts: list[Changed], asked: dict[str, Any] | None = None
) -> None:
    """Leave in the ledger who changed which account, and when."""
    from include.warehouse.bookkeeping import ledger

    for one in accounts:
        ledger.note(
            place.warehouse,
            one.account_id,
            "account",
            vendor=one.vendor,
            request=request(verb, asked or {}),
            written=int(one.has_changed),
            failed=0,
        )


def _show_changed(accounts: list[Changed], did: str, else_: str, *, as_json: bool) -> None:
    if as_json:
        report_json([asdict(one) for one in accounts])
        return
    for one in accounts:
        report(f"{one.account_id} ({one.vendor}): {did if one.has_changed else else_}")


def _end(done: Rewrite, did: str) -> None:
    """Say what was rewritten; rows that could not be are errors of their own."""
    report(f"{done.changed} {did}, {done.unchanged} unchanged, {len(done.bad)} failed")
    for bad in done.bad:
        show_error(bad.error)
    if done.bad:
        raise typer.Exit(Exit.PARTIAL if done.changed else Exit.USAGE)


def _show(infos: list[AccountInfo]) -> None:
    from include.cli.tables import show

    show(
        ("account", "name", "vendor", "region", "access key", "secret key", "state"),
        [
            (
                info.account_id,
                info.name,
                info.vendor,
                info.region,
                info.access_key_hint,
                f"{info.storage} ({info.key_id})" if info.key_id else info.storage,
                "; ".join([info.problem] if info.problem else info.warnings)
                or ("on" if info.is_enabled else "off"),
            )
            for info in infos
        ],
    )
