# procedures.awk: makes both sides of the procedures that procedures.txt lists.
#
#   awk -v make=module -f procedures.awk procedures.txt dvm.f90.in   module dvm, on stdout
#   awk -v make=header -f procedures.awk procedures.txt              prototypes in C

function kind(name, fortran, c) { in_fortran[name] = fortran; in_c[name] = c }

# "NAME" in the Fortran text is where the argument's name goes
BEGIN {
    array = "const CFI_cdesc_t *"
    kind("in", "type(*), dimension(..), intent(in) :: NAME", array)
    kind("out", "type(*), dimension(..) :: NAME", array)
    kind("held", "type(*), dimension(..), intent(in), asynchronous :: NAME", array)
    kind("filled", "type(*), dimension(..), asynchronous :: NAME", array)
    kind("int", "integer, intent(in) :: NAME", "const void *")
    kind("int=", "integer, intent(out) :: NAME", "void *")
    kind("int+", "integer, intent(inout) :: NAME", "void *")
    kind("ints", "integer, intent(in) :: NAME(:)", array)
    kind("ints=", "integer, intent(inout) :: NAME(:)", array)
    # of any kind; the default kind may not stand in such an interface by the standard
    kind("logical", "type(*), dimension(..), intent(in) :: NAME ! logical", array)
    kind("logical=", "type(*), dimension(..) :: NAME ! logical, stored", array)
    kind("logicals", "type(*), dimension(..), intent(in) :: NAME ! logical(:)", array)
    kind("logicals=", "type(*), dimension(..) :: NAME ! logical(:), stored", array)
    kind("counts", "integer(int64), intent(in) :: NAME(:)", array)
    kind("count", "integer(int64), intent(in) :: NAME", "const int64_t *")
    kind("size+", "integer(int64), intent(inout) :: NAME", "int64_t *")
    kind("size=", "integer(int64), intent(out) :: NAME", "int64_t *")
    kind("timeout", "real(c_double), intent(in) :: NAME", "const double *")
    kind("text", "character(kind=c_char, len=*), intent(in) :: NAME", array)
    kind("text=", "character(kind=c_char, len=*), intent(inout) :: NAME", array)
    kind("texts", "character(kind=c_char, len=*), intent(in) :: NAME(:)", array)
    kind("type", "type(dvm_type), intent(in) :: NAME", "const dvm_type *")
    kind("type=", "type(dvm_type), intent(inout) :: NAME", "dvm_type *")
    kind("types", "type(dvm_type), intent(in) :: NAME(:)", array)
    kind("told", "type(dvm_status), intent(in) :: NAME", "const void *")
    kind("op", "type(dvm_op), intent(in) :: NAME", "const dvm_op *")
    kind("op=", "type(dvm_op), intent(inout) :: NAME", "dvm_op *")
    kind("function", "procedure(dvm_op_function) :: NAME", "dvm_op_function *")
    kind("pointer", "type(c_ptr), intent(in) :: NAME", "void *const *")
    kind("group", "type(dvm_group), intent(in) :: NAME", "const dvm_group *")
    kind("group=", "type(dvm_group), intent(inout) :: NAME", "dvm_group *")
    kind("request", "type(dvm_request), intent(inout) :: NAME", "struct request *")
    kind("requests", "type(dvm_request), intent(inout) :: NAME(:)", array)
    kind("message", "type(dvm_message), intent(inout) :: NAME", "struct dvm_message **")
    kind("status", "type(dvm_status), intent(out) :: NAME", "void *")
    kind("statuses", "type(dvm_status), intent(inout) :: NAME(:)", array)
    kind("how", "type(dvm_exit), intent(out) :: NAME", "void *")
    kind("ierror", "integer, intent(out) :: NAME", "void *")
}

# add WORD to the text, with a new line where it would be too long
function add(text, word, limit, break_, indent,    last) {
    last = text
    sub(/.*\n/, "", last)
    return length(last) + length(word) > limit ? text break_ "\n" indent word : text word
}

# the arguments of the line: count, name[], type[], optional[]
function arguments(    i, parts) {
    count = 0
    for (i = 2; i <= NF + 1; i++) {
        word = i > NF ? "[ierror]" : $i
        optional[++count] = sub(/^\[/, "", word)
        sub(/\]$/, "", word)
        name[count] = word
        type[count] = word
        if (split(word, parts, ":") == 2) {
            name[count] = parts[1]
            type[count] = parts[2]
        }
        if (!(type[count] in in_fortran)) {
            print FILENAME ":" FNR ": there is no kind " type[count] >"/dev/stderr"
            failed = 1
            exit 1
        }
    }
}

function interface_of(procedure,    text, line, i) {
    text = "     subroutine dvm_" procedure "("
    for (i = 1; i <= count; i++)
        text = add(text, name[i] (i < count ? ", " : ")"), 84, "&", "          ")
    text = add(text, " bind(C, name=\"dvmf_" procedure "\")", 94, " &", "          ")
    text = text "\n       import\n"
    for (i = 1; i <= count; i++) {
        line = in_fortran[type[i]]
        if (optional[i])
            sub(/ ::/, ", optional ::", line)
        sub(/NAME/, name[i], line)
        text = text "       " line "\n"
    }
    return text "     end subroutine dvm_" procedure "\n"
}

function prototype_of(procedure,    text, i, c) {
    text = "void dvmf_" procedure "("
    for (i = 1; i <= count; i++) {
        c = in_c[type[i]]
        text = add(text, c (c ~ /\*$/ ? "" : " ") name[i] (i < count ? ", " : ");"), 92, "", "    ")
    }
    return text "\n"
}

FNR == 1 { file++ }
file == 1 && (/^;/ || /^$/) { next }
file == 1 && /^== / {
    if (section != "")
        interfaces = interfaces "  end interface\n\n"
    title = substr($0, 4)
    section = title
    interfaces = interfaces "  ! ---- " title " ----\n\n  interface\n"
    prototypes = prototypes "\n/* ---- " title " ---- */\n\n"
    next
}
file == 1 && /^# / {
    comment = comment "     ! " substr($0, 3) "\n"
    next
}
file == 1 {
    arguments()
    interfaces = interfaces comment interface_of($1) "\n"
    prototypes = prototypes prototype_of($1)
    names = add(names == "" ? "  public ::" : names ",", " dvm_" $1, 90, " &", "      ")
    comment = ""
    next
}
make == "module" && /^@procedures@$/ {
    print names "\n"
    printf "%s", interfaces
    print "  end interface"
    next
}
make == "module" { print }

END {
    if (failed)
        exit 1
    if (make == "header") {
        print "/* procedures.h: the C functions of module dvm; made from procedures.txt. */"
        print "#ifndef DVM_FORTRAN_PROCEDURES_H\n#define DVM_FORTRAN_PROCEDURES_H\n"
        print "#include <ISO_Fortran_binding.h>\n#include <dvm.h>\n#include <stdint.h>\n"
        print "struct request;"
        printf "%s", prototypes
        print "\n#endif"
    }
}
