# shellcheck shell=bash
# Getting what the system lacks. Must not know what it is needed for.

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null && { ((EUID == 0)) || sudo -n true 2>/dev/null; }
}

apt_install() {
    # Another installation may be under way, on a machine that has just been booted for example: wait for it.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

# need_package WHAT PACKAGES MAC_COMMAND: installs one or several of Debian's packages; where that is not possible it says
# what is missing and how to get it, and returns 1.
need_package() {
    local what=$1 mac_command=$3
    local -a packages
    read -ra packages <<<"$2"
    if may_install; then
        say "installing ${packages[*]}, for $what"
        # The lists are fetched only when they turn out to be missing or old, which spares a minute on most machines.
        if apt_install "${packages[@]}" 2>/dev/null; then
            return 0
        fi
        say "fetching the package lists first"
        if as_root apt-get update --quiet </dev/null >&2 && apt_install "${packages[@]}"; then
            return 0
        fi
        say "installing ${packages[*]} failed, see above"
        return 1
    fi
    say "$what is missing, and this user may not install it"
    if [[ $(uname -s) == Darwin ]]; then
        say "get it with: $mac_command"
    else
        say "get ${packages[*]} (Debian's name) with: sudo apt-get install ${packages[*]}"
    fi
    return 1
}
