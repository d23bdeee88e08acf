# shellcheck shell=bash
# Finding cargo, a toolchain that is new enough, and the program they build.

minimum_rust() {
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml
}

rust_is_new_enough() {
    local version
    version=$(cargo --version 2>/dev/null </dev/null) || return 1
    version=${version#cargo }
    printf '%s\n%s\n' "$(minimum_rust)" "${version%% *}" | sort -V -C
}

# prepare_rust: returns 1 when no toolchain is new enough.
prepare_rust() {
    # The installer of Rust adds this folder to PATH only for shells started afterwards.
    local cargo_bin=${CARGO_HOME:-${HOME:-/nonexistent}/.cargo}/bin
    if ! command -v cargo >/dev/null && [[ -d $cargo_bin ]]; then
        export PATH="$cargo_bin:$PATH"
    fi
    if rust_is_new_enough; then return 0; fi
    command -v rustup >/dev/null || return 1
    # The default toolchain may be an older one on purpose: it is left alone, and stable is used here.
    export RUSTUP_TOOLCHAIN=stable
    rust_is_new_enough
}

# boxoffice_program PROFILE: where its build of a profile is put.
boxoffice_program() {
    local target=${CARGO_TARGET_DIR:-target}
    [[ $target == /* ]] || target=$PWD/$target
    printf '%s\n' "$target/$1/boxoffice"
}
