# shellcheck shell=bash
# Servers in containers, where there is a Docker engine. A container is known by its name, which is recorded.
#
# scripts/test-services-docker holds this against a stand-in for Docker that records what it is asked for; no real engine
# has run it yet.

# docker_is_wanted: BOXOFFICE_SERVICES chooses `docker` or `local`; where it does not, an engine that answers is used.
docker_is_wanted() {
    case ${BOXOFFICE_SERVICES:-} in
    docker) return 0 ;;
    local) return 1 ;;
    '') command -v docker >/dev/null && docker info >/dev/null 2>&1 </dev/null ;;
    *) fail "BOXOFFICE_SERVICES is '$BOXOFFICE_SERVICES': it can be docker or local" ;;
    esac
}

# image_of SERVICE: prints the image that docker-compose.yml pins, so that tests and deployments run the same.
image_of() {
    local image
    image=$(sed -n "s|^ *image: \($1:.*\)$|\1|p" docker-compose.yml)
    [[ -n $image ]] || { say "docker-compose.yml names no image of $1"; return 1; }
    printf '%s\n' "$image"
}

# run_container FILE IMAGE ARGUMENTS...: starts a container and records its name. Arguments before `--` go to Docker,
# those after it to the program.
run_container() {
    local file=$1 image=$2 name
    shift 2
    name=boxoffice-test-$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
    local -a options=()
    while (($# > 0)) && [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    (($# == 0)) || shift
    printf '%s\n' "$name" >"$file"
    docker run --detach --name "$name" "${options[@]}" "$image" "$@" >/dev/null </dev/null
}

# recorded_container FILE: prints the container's name if it runs.
recorded_container() {
    local name
    name=$(cat "$1" 2>/dev/null) || return 1
    [[ $(docker inspect --format '{{.State.Running}}' "$name" 2>/dev/null </dev/null) == true ]] || return 1
    printf '%s\n' "$name"
}

# remove_container FILE
remove_container() {
    local name
    name=$(cat "$1" 2>/dev/null) || return 0
    docker rm --force --volumes "$name" >/dev/null 2>&1 </dev/null || true
    rm -f "$1"
}
