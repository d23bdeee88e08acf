# shellcheck shell=bash
# Finding PostgreSQL's server programs.

# postgres_programs: prints the folder that holds them. Debian keeps them off PATH, one folder per version; what PATH
# has under the same names may be wrappers with a will of their own, so it is asked last.
postgres_programs() {
    local folder on_path
    on_path=$(command -v initdb) || on_path=''
    while read -r folder; do
        if [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/postgres && -x $folder/pg_isready ]]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done <<<"$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV)"$'\n'"${on_path%/*}"
    return 1
}
