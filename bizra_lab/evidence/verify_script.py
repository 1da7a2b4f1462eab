"""
VERIFY.sh: how a stranger checks a sealed run, with openssl, base64 and sha256sum and nothing of this lab.

It takes the public key as its argument, since one that lies beside the evidence proves nothing: whoever changes the
one changes the other. Nothing in the script depends on the run, so one copy, read once, will do for all of them.
"""

from __future__ import annotations

VERIFY_SCRIPT = r"""#!/bin/sh
# Checks the run in this folder with openssl (3.0 or later), base64 and sha256sum.
#
#     sh VERIFY.sh KEY.pem
#
# KEY.pem is the public key of whoever made the run, had from them by another way than this folder: pub.pem is only
# what the run says of itself. Read this file before you run it, or run a copy that you have read before.
# Ends with 0 when the run is authentic, with 1 when it is not, and with 2 when it cannot be read.
set -eu
export LC_ALL=C

refuse() {
    printf 'NOT AUTHENTIC: %s\n' "$1" >&2
    exit 1
}

if [ "$#" -ne 1 ] || [ ! -r "$1" ]; then
    printf 'usage: sh VERIFY.sh KEY.pem\n' >&2
    exit 2
fi
case $1 in
/*) key=$1 ;;
*) key=$PWD/$1 ;;
esac
case $0 in
*/*) cd "${0%/*}" ;;
esac
for name in attestation.json statement.json SHA256SUMS; do
    if [ ! -f "$name" ] || [ -h "$name" ]; then
        printf '%s: no such file\n' "$name" >&2
        exit 2
    fi
done

# The envelope is one line: {"payload":"…","payloadType":"…","signatures":[{"keyid":"…","sig":"…"}]}
IFS= read -r envelope <attestation.json
payload=${envelope#*'"payload":"'}
payload=${payload%%'"'*}
signature=${envelope##*'"sig":"'}
signature=${signature%%'"'*}
statement=$(printf %s "$payload" | base64 -d) || refuse 'attestation.json: its payload is no base64'

# 1. The statement was signed with this key. What is signed is its type and its bytes, each behind its length.
type=application/vnd.in-toto+json
umask 077
set -C # what is written must not be there yet
scratch=${TMPDIR:-/tmp}/verify-$$
trap 'rm -f "$scratch.signed" "$scratch.signature" 2>/dev/null || :' EXIT
printf 'DSSEv1 %d %s %d %s' "${#type}" "$type" "${#statement}" "$statement" >"$scratch.signed"
printf %s "$signature" | base64 -d >"$scratch.signature" || refuse 'attestation.json: its signature is no base64'
openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$scratch.signed" -sigfile "$scratch.signature" >&2 ||
    refuse 'attestation.json: not signed with this key'
[ "$(printf %s "$statement" | sha256sum)" = "$(sha256sum <statement.json)" ] ||
    refuse 'statement.json: not the statement that was signed'

# 2. SHA256SUMS lists what the statement is about: no file more, none less, none with another digest.
subjects=
while IFS= read -r line; do
    subjects=$subjects,'{"digest":{"sha256":"'${line%%' '*}'"},"name":"'${line#*'  '}'"}'
done <SHA256SUMS
case $statement in
*'"subject":['"${subjects#,}"']}') ;;
*) refuse 'SHA256SUMS: not the files that the statement is about' ;;
esac

# 3. The files are those.
for name in * .[!.]* ..?*; do
    [ -e "$name" ] || [ -h "$name" ] || continue
    case $name in
    attestation.json | attestation.sigstore.json | statement.json | pub.pem | SHA256SUMS | VERIFY.sh) continue ;;
    esac
    case $subjects in
    *'"name":"'"$name"'"}'*) ;;
    *) refuse "$name: added after the run was sealed" ;;
    esac
    if [ ! -f "$name" ] || [ -h "$name" ]; then
        refuse "$name: not a file of its own"
    fi
done
sha256sum -c SHA256SUMS || refuse 'a file is missing, or not as it was sealed'
printf 'AUTHENTIC: signed with %s\n' "$key"
"""
