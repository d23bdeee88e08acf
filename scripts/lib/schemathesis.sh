# shellcheck shell=bash
# Schemathesis, which asks an API for what its OpenAPI document says and for what it does not, in an environment of its
# own. The caller has sourced say.sh, packages.sh and python.sh.

# With it what it draws its requests with: another version asks something else for the same seed.
readonly SCHEMATHESIS=(schemathesis==4.32.5 hypothesis==6.170.15 jsonschema-rs==0.60.3)

# schemathesis: prints the path of the program, installing it first if need be.
schemathesis() {
    local folder=$PWD/.tools/schemathesis stamp=${SCHEMATHESIS[*]}
    if [[ $(cat "$folder/versions" 2>/dev/null) != "$stamp" ]]; then
        say "installing $stamp (80 MB)"
        rm -rf "$folder"
        make_environment "$folder" &&
            "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --only-binary :all: \
                "${SCHEMATHESIS[@]}" >&2 </dev/null || return 1
        printf '%s' "$stamp" >"$folder/versions"
    fi
    printf '%s\n' "$folder/bin/schemathesis"
}
