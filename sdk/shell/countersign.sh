#!/bin/sh
# Signs who is logged in for a Countersign chat, with POSIX sh and openssl:
#   COUNTERSIGN_SECRET=... sh countersign.sh hash DIALECT user_id|email VALUE
#   COUNTERSIGN_SECRET=... sh countersign.sh v1   CHANNEL USER_ID EMAIL [NOW]
#   COUNTERSIGN_SECRET=... sh countersign.sh jwt  DIALECT CHANNEL USER_ID EMAIL [LIFE] [NOW]
# Leave a field that is not sent empty. The secret never stands in a command line,
# where everybody on the machine could read it: openssl hashes, the HMAC is made here.
# What the gate would refuse ends with exit 2 and prints no proof.
set -u
export LC_ALL=C

fail() { echo "countersign: $1" >&2; exit 2; }

# bytes prints standard input as " 61 62".
bytes() { od -An -v -tx1 | tr -d '\n' | tr -s ' '; }
digits() { bytes | tr -d ' '; }
# unhex prints the bytes that digits stand for.
unhex() {
  rest=$1
  while [ -n "$rest" ]; do
    pair=${rest%"${rest#??}"} rest=${rest#??}
    # shellcheck disable=SC2059 # the format is the byte: printf has no other way
    printf "\\$(printf '%03o' "0x$pair")"
  done
}
sha256() { openssl dgst -sha256 -binary; }
encode() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# pad prints the key's block, each byte changed by $1.
pad() {
  rest=$key
  while [ -n "$rest" ]; do
    pair=${rest%"${rest#??}"} rest=${rest#??}
    printf '%02x' $((0x$pair ^ $1))
  done
}
# hmac reads the message and prints 32 bytes.
hmac() {
  inner=$({ unhex "$(pad 54)"; cat; } | sha256 | digits)
  unhex "$(pad 92)$inner" | sha256
}

take_key() {
  secret=${COUNTERSIGN_SECRET-}
  [ -n "$secret" ] || fail 'COUNTERSIGN_SECRET is empty'
  if [ "$1" = pylon ]; then
    case $secret in *[!0-9a-fA-F]*) fail 'the secret of this dialect is hexadecimal' ;; esac
    [ $((${#secret} % 2)) -eq 0 ] || fail 'the secret of this dialect is hexadecimal: it has an odd number of digits'
    key=$secret
  else
    key=$(printf %s "$secret" | digits)
  fi
  [ ${#key} -le 128 ] || key=$(unhex "$key" | sha256 | digits)
  while [ ${#key} -lt 128 ]; do key=${key}00; done
}

has() { printf '%s\n' "$1" | grep -Eq "$2"; }
utf8='^( [0-7].| c[2-9a-f] [89ab].| d. [89ab].| e0 [ab]. [89ab].| e[1-9abcef]( [89ab].){2}| ed [89]. [89ab].| f0 [9ab].( [89ab].){2}| f[123]( [89ab].){3}| f4 8.( [89ab].){2})*$'
control='( 0.| 1.| 7f| c2 [89].)'
blank='( 20| c2 a0| e1 9a 80| e2 80 (8[0-9a]|a[89f])| e2 81 9f| e3 80 80)'

check_text() { # value, longest, what it is
  all=$(printf %s "$1" | bytes)
  [ ${#1} -le "$2" ] || fail "$3 has more than $2 bytes"
  has "$all" "$utf8" || fail "$3 is not UTF-8"
  ! has "$all" "$control" || fail "$3 has a control character"
}
check_who() { # user id, email
  [ -n "$1$2" ] || fail 'neither a user id nor an email was given'
  check_text "$1" 255 'the user id'
  [ -n "$2" ] || return 0
  check_text "$2" 254 'the email'
  ! has "$(printf %s "$2" | bytes)" "$blank" || fail 'the email has a blank'
  case $2 in *@*@* | @* | *@) fail 'an email has exactly one @ with something on both sides' ;; *@*) ;; *) fail 'an email has an @' ;; esac
}
check_channel() {
  [ -n "$1" ] || fail 'a token names its channel'
  check_text "$1" 255 'the channel'
}
check_number() { # value, what it is
  case $1 in '' | 0* | *[!0-9]*) fail "$2 is a number of seconds" ;; esac
  [ ${#1} -le 12 ] || fail "$2 is too large"
}
quote() { printf '"'; printf %s "$1" | sed 's/[\\"]/\\&/g'; printf '"'; }
part() { printf '%s:%s,' ${#1} "$1"; }

hash() { # dialect, field, value
  case $1 in
    native | intercom | chatwoot | tawk | featurebase) ;;
    gleap | novu) [ "$2" = user_id ] || fail "a key of $1 signs the user id" ;;
    helpscout | pylon | ensoras | crisp | front | plain) [ "$2" = email ] || fail "a key of $1 signs the email" ;;
    *) fail 'no such dialect with a hash' ;;
  esac
  take_key "$1"
  case $2 in user_id) check_who "$3" '' ;; email) check_who '' "$3" ;; *) fail 'the field is user_id or email' ;; esac
  # Languages disagree on lowering outside ASCII; the gate takes this.
  if [ "$1" = ensoras ]; then printf %s "$3" | tr A-Z a-z; else printf %s "$3"; fi | hmac | digits
  echo
}

v1() { # channel, user id, email, now
  take_key native-v1
  check_channel "$1"
  check_who "$2" "$3"
  check_number "$4" 'the time'
  mac=$({ part countersign.v1; part "$1"; part "$2"; part "$3"; part "$4"; } | hmac | encode)
  echo "v1.$(printf %s "$1" | encode).$4.$(printf %s "$2" | encode).$(printf %s "$3" | encode).$mac"
}

jwt() { # dialect, channel, user id, email, life, now
  take_key "$1"
  check_who "$3" "$4"
  check_number "$5" 'the life'
  check_number "$6" 'the time'
  person=user_id scope=
  case $1 in zendesk-jwt) person=external_id scope=',"scope":"user"' ;; freshchat-jwt) person=reference_id ;; esac
  case $1 in
    native-jwt) check_channel "$2" ;;
    intercom-jwt | zendesk-jwt | freshchat-jwt) [ -n "$3" ] || fail "a token of $1 names the user id"; [ -z "$2" ] || check_channel "$2" ;;
    pylon-jwt)
      check_channel "$2"
      [ -n "$4" ] || fail 'a token of pylon-jwt names the email'
      [ "$5" -le 900 ] || fail 'a token of pylon-jwt lives 900 seconds at most'
      ;;
    *) fail 'no such dialect with a JWT' ;;
  esac
  claims="{\"iat\":$6,\"exp\":$(($6 + $5))"
  [ -z "$2" ] || claims="$claims,\"aud\":$(quote "$2")"
  [ -z "$3" ] || claims="$claims,\"$person\":$(quote "$3")"
  [ -z "$4" ] || claims="$claims,\"email\":$(quote "$4")"
  claims=$claims$scope
  signed="$(printf %s '{"alg":"HS256","typ":"JWT"}' | encode).$(printf %s "$claims}" | encode)"
  echo "$signed.$(printf %s "$signed" | hmac | encode)"
}

command=${1-}
[ $# -eq 0 ] || shift
case $command/$# in
  hash/3) hash "$1" "$2" "$3" ;;
  v1/3 | v1/4) v1 "$1" "$2" "$3" "${4:-$(date +%s)}" ;;
  jwt/4 | jwt/5 | jwt/6) jwt "$1" "$2" "$3" "$4" "${5:-600}" "${6:-$(date +%s)}" ;;
  *) fail 'usage: hash DIALECT user_id|email VALUE; v1 CHANNEL USER_ID EMAIL [NOW]; jwt DIALECT CHANNEL USER_ID EMAIL [LIFE] [NOW]' ;;
esac
