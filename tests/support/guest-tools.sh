# Each line that is printed starts with a name of the caller's choice.
host=10.0.2.2

# A command's status, and each line of its two outputs.
run() {
    local name=$1
    shift
    "$@" >"/tmp/$name.out" 2>"/tmp/$name.err"
    echo "$name-status $?"
    sed "s/^/$name-out /" "/tmp/$name.out"
    sed "s/^/$name-err /" "/tmp/$name.err"
}
