#!/bin/sh
# System packages that tests need beyond Python and Node: valgrind counts instructions. Installed without asking.
set -e
command -v valgrind >/dev/null 2>&1 && exit 0
SUDO=""
[ "$(id -u)" = 0 ] || SUDO="sudo"
$SUDO apt-get update -qq
DEBIAN_FRONTEND=noninteractive $SUDO apt-get install -y -qq valgrind >/dev/null
