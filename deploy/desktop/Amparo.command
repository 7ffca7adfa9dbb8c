#!/bin/sh
# Opens the workspace by double click, on macOS (and, in a terminal, on Linux).
# Lies beside the program. The window shows a link, in case no browser opens, and
# the workspace ends when the window is closed.
cd "$(dirname "$0")" || exit 1
./amparo serve && exit 0
printf '%s' 'Enter… '
read -r _
exit 1
