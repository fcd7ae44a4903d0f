"""What Temporal stores can be read only with the keys. Without them, a payload is recognized as locked."""

from __future__ import annotations

import dataclasses
import os
import zlib
from base64 import b64encode
from pathlib import Path

import pytest
from stand_in import Script, failing, run_worker
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from nested_conversations import (
    ConversationFailedError,
    ConversationInput,
    InitialUserMessage,
    NestedConversations,
    StartNotComparableError,
)
from nested_conversations._zlib_codec import ZlibCodec
from nested_conversations.encryption import (
    EncryptionCodec,
    LockedPayloadError,
    data_converter,
    keys_from_environment,
)

OLD, NEW = os.urandom(32), os.urandom(32)


async def test_a_start_is_encrypted_and_its_failure_is_decrypted(
    client: Client, script: Script, conversation: ConversationInput
) -> None:
    encrypted = Client(client.service_client, data_converter=data_converter({"new": NEW}))
    conversations = NestedConversations(encrypted, task_queue="encrypted", on_hint=lambda _: None)
    large = dataclasses.replace(conversation, initial_user_msg=InitialUserMessage(content="secret " * 20_000))

    fail = failing("ConversationFailed", "no secret credits", {"reason": "r"})
    async with run_worker(encrypted, "encrypted") as encrypted_script:
        encrypted_script.creating[conversation.sid] = fail
        with pytest.raises(ConversationFailedError, match="no secret credits") as caught:
            await conversations.ensure_ready(large)
        assert caught.value.details.reason == "r"
        assert (await conversations.status(conversation.sid)).user_id == "ada"
    history = await client.get_workflow_handle(f"conversation-{conversation.sid}").fetch_history()
    assert "secret" not in history.to_json()
    # Without the keys.
    with pytest.raises(StartNotComparableError):
        await NestedConversations(client, on_hint=lambda _: None).start(large)


async def test_each_key_decrypts_its_own_payloads() -> None:
    [encrypted] = await EncryptionCodec({"old": OLD}).encode([Payload(data=b"x")])
    assert await EncryptionCodec({"new": NEW, "old": OLD}).decode([encrypted]) == [Payload(data=b"x")]
    with pytest.raises(LockedPayloadError, match="encrypted with key 'old': the keys here are new"):
        await EncryptionCodec({"new": NEW}).decode([encrypted])
    with pytest.raises(LockedPayloadError, match="it was changed, or its key 'old' was another one"):
        await EncryptionCodec({"old": NEW}).decode([encrypted])
    with pytest.raises(ValueError, match="is marked as encrypted, but is not"):
        await EncryptionCodec({"old": OLD}).decode([Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x")])


@pytest.mark.parametrize("keys", [{}, {"a": b"short"}, {"a b": NEW}])
def test_invalid_keys_are_rejected(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        EncryptionCodec(keys)


async def test_a_payload_that_inflates_to_too_much_is_rejected() -> None:
    bomb = zlib.compress(Payload(data=b"a" * 5_000_000).SerializeToString())
    with pytest.raises(ValueError, match="inflates to more than 4194304 bytes"):
        await ZlibCodec().decode([Payload(metadata={"encoding": b"binary/zlib"}, data=bomb)])
    with pytest.raises(ValueError, match="cut off"):
        await ZlibCodec().decode([Payload(metadata={"encoding": b"binary/zlib"}, data=bomb[:100])])
    with pytest.raises(ValueError, match="cut off"):
        await ZlibCodec().decode([Payload(metadata={"encoding": b"binary/zlib"}, data=b"abc")])


async def test_a_compressed_payload_is_restored() -> None:
    payload = Payload(data=os.urandom(100) * 1000)
    [compressed] = await ZlibCodec().encode([payload])
    assert len(compressed.data) < 2000
    assert await ZlibCodec().decode([compressed]) == [payload]


def test_keys_are_read_from_the_environment(tmp_path: Path) -> None:
    entry = f"new:{b64encode(NEW).decode()}"
    text = f"{entry},\n old.1:{b64encode(OLD).decode()} "
    assert keys_from_environment({"PAYLOAD_ENCRYPTION_KEYS": text}) == {"new": NEW, "old.1": OLD}
    (tmp_path / "keys").write_text(text)
    assert list(keys_from_environment({"PAYLOAD_ENCRYPTION_KEYS_FILE": str(tmp_path / "keys")})) == ["new", "old.1"]
    assert keys_from_environment({}) == {}
    for wrong in ("new:short", f"{entry} {entry}", "   "):
        with pytest.raises(ValueError, match="PAYLOAD_ENCRYPTION_KEYS") as caught:
            keys_from_environment({"PAYLOAD_ENCRYPTION_KEYS": wrong})
        assert "short" not in str(caught.value)
    with pytest.raises(ValueError, match="can't be read"):
        keys_from_environment({"PAYLOAD_ENCRYPTION_KEYS_FILE": "/nowhere"})
    with pytest.raises(ValueError, match="are both set"):
        keys_from_environment({"PAYLOAD_ENCRYPTION_KEYS_FILE": "f", "PAYLOAD_ENCRYPTION_KEYS": text})
