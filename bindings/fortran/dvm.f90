! dvm.f90: module dvm, the Fortran interface of DVM, the distributed cluster virtual machine.
!
! This source is installed and compiled by the user's compiler (dvmfort, the CMake package
! and pkg-config see to it): a .mod file fits one compiler only. The interfaces below lead
! straight into C files beside this one, so what DVM says about a call names its line.
!
! What is the same everywhere:
!  - A buffer is any variable, array or array section of any type: its type and its number of
!    elements are found from the argument. count says that only its first elements are meant,
!    or how many there are where the argument is one element or an assumed-size array. type is
!    for what the argument's own type does not say. An element of a derived type is bytes, and
!    one of a character variable as many DVM_CHAR as it is long.
!  - group is DVM_WORLD where it is not given. Ranks begin with 0, as in all of DVM.
!  - ierror receives DVM_OK or a negative DVM_ERR_ code, and dvm_last_error() has the sentence
!    (dvm_errors(DVM_RETURN) prints it as well). Where ierror is not given an error prints
!    its sentence and ends the task's group. Other results are stored only on success.
!  - integer and logical are the default kinds: what they are when the module is compiled,
!    4 or 8 bytes. counts, offsets and bytes are integer(int64).
!  - buffers of nonblocking calls must have the asynchronous attribute where the program uses
!    them, until the request has ended.
module dvm
  use, intrinsic :: iso_c_binding, only: c_int, c_double, c_size_t, c_char, c_ptr, &
       c_null_ptr, c_f_pointer, c_associated, int64 => c_int64_t
  implicit none
  private

  integer(c_int), bind(C, name="dvmf_integer_kind"), protected :: integer_kind = kind(0)

  ! ---- constants: the numbers are those of dvm.h ------------------------------------------

  integer, parameter, public :: DVM_VERSION_MAJOR = 0, DVM_VERSION_MINOR = 1, &
       DVM_VERSION_PATCH = 0
  integer, parameter, public :: DVM_OK = 0
  integer, parameter, public :: DVM_ANY = -1  ! any source, or any tag
  integer, parameter, public :: DVM_NULL = -2 ! a rank that is nobody
  integer, parameter, public :: DVM_TAG_MAX = huge(0_c_int)
  integer, parameter, public :: DVM_NAME_MAX = 64
  integer, parameter, public :: DVM_THREAD_SINGLE = 0, DVM_THREAD_MULTIPLE = 1
  integer, parameter, public :: DVM_FATAL = 0, DVM_RETURN = 1, DVM_SILENT = 2
  integer, parameter, public :: DVM_IDENTICAL = 0, DVM_CONGRUENT = 1, DVM_SIMILAR = 2, &
       DVM_UNEQUAL = 3
  integer, parameter, public :: DVM_SPLIT_HOST = -3
  integer, parameter, public :: DVM_HOST_UP = 1, DVM_HOST_LEAVING = 2, DVM_HOST_LOST = 3
  integer, parameter, public :: DVM_TASK_STARTING = 1, DVM_TASK_RUNNING = 2, DVM_TASK_ENDED = 3
  integer, parameter, public :: DVM_TASK_EXIT = 1, DVM_HOST_DOWN = 2, DVM_HOST_NEW = 3

  ! codes of errors, see dvm_error_text
  integer, parameter, public :: &
       DVM_ERR_ARG = -1, DVM_ERR_NOT_INIT = -2, DVM_ERR_FORKED = -3, DVM_ERR_NO_MEMORY = -4, &
       DVM_ERR_NO_DAEMON = -5, DVM_ERR_LOST_DAEMON = -6, DVM_ERR_VERSION = -7, &
       DVM_ERR_PROTOCOL = -8, DVM_ERR_NO_TASK = -9, DVM_ERR_TASK_GONE = -10, &
       DVM_ERR_HOST_GONE = -11, DVM_ERR_NO_HOST = -12, DVM_ERR_NO_PARENT = -13, &
       DVM_ERR_NO_PROGRAM = -14, DVM_ERR_SPAWN = -15, DVM_ERR_RANK = -16, DVM_ERR_TAG = -17, &
       DVM_ERR_TYPE = -18, DVM_ERR_TRUNCATE = -19, DVM_ERR_OP = -20, DVM_ERR_GROUP = -21, &
       DVM_ERR_REQUEST = -22, DVM_ERR_BUFFER_FULL = -23, DVM_ERR_TIMEOUT = -24, &
       DVM_ERR_REFUSED = -25, DVM_ERR_LIMIT = -26, DVM_ERR_SYSTEM = -27, &
       DVM_ERR_CANCELLED = -28, DVM_ERR_EXISTS = -29, DVM_ERR_NOT_WORLD = -30, &
       DVM_ERR_THREAD = -31, DVM_ERR_UNSUPPORTED = -32, DVM_ERR_TICKET = -33, &
       DVM_ERR_CLOSING = -34

  ! ---- handles ------------------------------------------------------------------------------

  type, bind(C), public :: dvm_group
     private
     integer(c_int) :: number = -1
  end type dvm_group

  type(dvm_group), parameter, public :: DVM_UNIVERSE = dvm_group(0) ! a rank in it is a tid
  type(dvm_group), parameter, public :: DVM_WORLD = dvm_group(1) ! spawned together with this one
  type(dvm_group), parameter, public :: DVM_SELF = dvm_group(2)  ! this task alone
  type(dvm_group), parameter, public :: DVM_GROUP_NONE = dvm_group(-1)

  type, bind(C), public :: dvm_type
     private
     integer(c_int) :: number = 0
  end type dvm_type

  type(dvm_type), parameter, public :: DVM_BYTE = dvm_type(0)
  type(dvm_type), parameter, public :: DVM_CHAR = dvm_type(1)
  type(dvm_type), parameter, public :: DVM_INT8 = dvm_type(12)
  type(dvm_type), parameter, public :: DVM_INT16 = dvm_type(14)
  type(dvm_type), parameter, public :: DVM_INT32 = dvm_type(16)
  type(dvm_type), parameter, public :: DVM_INT64 = dvm_type(18)
  type(dvm_type), parameter, public :: DVM_BOOL = dvm_type(20)
  type(dvm_type), parameter, public :: DVM_FLOAT = dvm_type(23)
  type(dvm_type), parameter, public :: DVM_DOUBLE = dvm_type(24)
  type(dvm_type), parameter, public :: DVM_LDOUBLE = dvm_type(25)
  type(dvm_type), parameter, public :: DVM_FLOAT_COMPLEX = dvm_type(26)
  type(dvm_type), parameter, public :: DVM_DOUBLE_COMPLEX = dvm_type(27)
  type(dvm_type), parameter, public :: DVM_LDOUBLE_COMPLEX = dvm_type(28)
  ! the default kinds; a default logical is sent as an integer
  type(dvm_type), parameter, public :: DVM_CHARACTER = DVM_CHAR
  type(dvm_type), parameter, public :: DVM_INTEGER = dvm_type(merge(18, 16, kind(0) == 8))
  type(dvm_type), parameter, public :: DVM_LOGICAL = DVM_INTEGER
  type(dvm_type), parameter, public :: DVM_REAL = dvm_type(merge(24, 23, kind(0.0) == 8))
  type(dvm_type), parameter, public :: DVM_COMPLEX = dvm_type(merge(27, 26, kind(0.0) == 8))

  type, bind(C), public :: dvm_op
     private
     integer(c_int) :: number = -1
  end type dvm_op

  type(dvm_op), parameter, public :: DVM_SUM = dvm_op(0), DVM_PROD = dvm_op(1), &
       DVM_MIN = dvm_op(2), DVM_MAX = dvm_op(3), DVM_LAND = dvm_op(4), DVM_LOR = dvm_op(5), &
       DVM_LXOR = dvm_op(6), DVM_BAND = dvm_op(7), DVM_BOR = dvm_op(8), DVM_BXOR = dvm_op(9)

  ! An operation under way; see dvm_wait. held: what the C files keep for it.
  type, bind(C), public :: dvm_request
     private
     type(c_ptr) :: handle = c_null_ptr
     type(c_ptr) :: held = c_null_ptr
  end type dvm_request

  ! A message taken by dvm_mprobe, to be received by dvm_mrecv.
  type, bind(C), public :: dvm_message
     private
     type(c_ptr) :: handle = c_null_ptr
  end type dvm_message

  type, bind(C), public :: dvm_status
     integer :: source = DVM_ANY ! rank in the group of the receive (a tid in DVM_UNIVERSE)
     integer :: tag = DVM_ANY
     integer :: error = DVM_OK   ! or why this request failed
     logical :: cancelled = .false.
     type(dvm_type) :: type      ! the sender's type
     integer(int64) :: bytes = 0 ! size of the message, in bytes of the sender's representation
     integer(int64) :: count = 0 ! elements of the sender's type
  end type dvm_status

  ! For an input: it is in the output's place. Only its address counts.
  type, bind(C), public :: dvm_place
     private
     integer(c_int) :: nothing(4)
  end type dvm_place
  type(dvm_place), bind(C, name="dvmf_in_place"), protected, public :: DVM_IN_PLACE

  public :: operator(==), operator(/=)
  interface operator(==)
     module procedure same_group, same_type, same_op, same_request
  end interface operator(==)
  interface operator(/=)
     module procedure other_group, other_type, other_op, other_request
  end interface operator(/=)
  type(dvm_request), parameter, public :: DVM_REQUEST_NULL = dvm_request(c_null_ptr, c_null_ptr)

  ! ---- life of a task -----------------------------------------------------------------------

  public :: dvm_init, dvm_init_thread, dvm_initialized, dvm_finalize, dvm_abort, dvm_wtime
  public :: dvm_tid, dvm_parent, dvm_host_name, dvm_version, dvm_version_text

  interface
     ! Make this process a task of the machine.
     subroutine dvm_init(ierror) bind(C, name="dvmf_init")
       import
       integer, intent(out), optional :: ierror
     end subroutine dvm_init

     ! As dvm_init, and asks for a thread level (DVM_THREAD_...); provided receives the one
     ! in force.
     subroutine dvm_init_thread(required, provided, ierror) bind(C, name="dvmf_init_thread")
       import
       integer, intent(in) :: required
       integer, intent(out), optional :: provided, ierror
     end subroutine dvm_init_thread

     ! Leave the machine. Waits until every message that this task sent is with its receiver
     ! or with a daemon.
     subroutine dvm_finalize(ierror) bind(C, name="dvmf_finalize")
       import
       integer, intent(out), optional :: ierror
     end subroutine dvm_finalize

     ! End all tasks of the group, this one included, with an exit status (0-255).
     subroutine dvm_abort(status, group) bind(C, name="dvmf_abort")
       import
       integer, intent(in) :: status
       type(dvm_group), intent(in), optional :: group
     end subroutine dvm_abort

     ! Seconds of a clock that only goes forward, of this host; no fixed origin.
     function dvm_wtime() result(seconds) bind(C, name="dvm_wtime")
       import
       real(c_double) :: seconds
     end function dvm_wtime

     ! The tid of the task that spawned this one.
     subroutine dvm_parent(tid, ierror) bind(C, name="dvmf_parent")
       import
       integer, intent(out) :: tid
       integer, intent(out), optional :: ierror
     end subroutine dvm_parent

     ! The name of this task's host; DVM_NAME_MAX characters are always enough.
     subroutine dvm_host_name(name, ierror) bind(C, name="dvmf_host_name")
       import
       character(kind=c_char, len=*), intent(inout) :: name
       integer, intent(out), optional :: ierror
     end subroutine dvm_host_name
  end interface

  ! ---- errors -------------------------------------------------------------------------------

  public :: dvm_errors, dvm_error_name, dvm_error_text, dvm_last_error

  interface
     ! Choose what calls with ierror do on an error from now on: DVM_RETURN prints its
     ! sentence, the others do not. before receives the mode that was in force.
     subroutine dvm_errors(mode, before, ierror) bind(C, name="dvmf_errors")
       import
       integer, intent(in) :: mode
       integer, intent(out), optional :: before, ierror
     end subroutine dvm_errors
  end interface

  ! ---- messages -----------------------------------------------------------------------------

  public :: dvm_send, dvm_bsend, dvm_ssend, dvm_recv, dvm_sendrecv

  interface
     ! Send, and return when the buffer may be used again.
     subroutine dvm_send(buf, dest, tag, count, type, group, ierror) bind(C, name="dvmf_send")
       import
       type(*), dimension(..), intent(in) :: buf
       integer, intent(in) :: dest, tag
       integer(int64), intent(in), optional :: count
       type(dvm_type), intent(in), optional :: type
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_send

     ! Send without ever waiting for the receiver: what it cannot take yet is copied and kept
     ! here, up to 512 MiB a task.
     subroutine dvm_bsend(buf, dest, tag, count, type, group, ierror) bind(C, name="dvmf_bsend")
       import
       type(*), dimension(..), intent(in) :: buf
       integer, intent(in) :: dest, tag
       integer(int64), intent(in), optional :: count
       type(dvm_type), intent(in), optional :: type
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_bsend

     ! Send, and return when the receiver has begun to receive.
     subroutine dvm_ssend(buf, dest, tag, count, type, group, ierror) bind(C, name="dvmf_ssend")
       import
       type(*), dimension(..), intent(in) :: buf
       integer, intent(in) :: dest, tag
       integer(int64), intent(in), optional :: count
       type(dvm_type), intent(in), optional :: type
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_ssend

     ! Receive a message of at most as much as the buffer has from source (or DVM_ANY) with
     ! tag (or DVM_ANY). What a shorter message does not fill is left alone.
     subroutine dvm_recv(buf, source, tag, count, type, group, status, ierror) &
          bind(C, name="dvmf_recv")
       import
       type(*), dimension(..) :: buf
       integer, intent(in) :: source, tag
       integer(int64), intent(in), optional :: count
       type(dvm_type), intent(in), optional :: type
       type(dvm_group), intent(in), optional :: group
       type(dvm_status), intent(out), optional :: status
       integer, intent(out), optional :: ierror
     end subroutine dvm_recv

     ! Send to dest and receive from source at the same time: safe in a ring.
     subroutine dvm_sendrecv(sendbuf, dest, sendtag, recvbuf, source, recvtag, sendcount, &
          sendtype, recvcount, recvtype, group, status, ierror) bind(C, name="dvmf_sendrecv")
       import
       type(*), dimension(..), intent(in) :: sendbuf
       integer, intent(in) :: dest, sendtag
       type(*), dimension(..) :: recvbuf
       integer, intent(in) :: source, recvtag
       integer(int64), intent(in), optional :: sendcount
       type(dvm_type), intent(in), optional :: sendtype
       integer(int64), intent(in), optional :: recvcount
       type(dvm_type), intent(in), optional :: recvtype
       type(dvm_group), intent(in), optional :: group
       type(dvm_status), intent(out), optional :: status
       integer, intent(out), optional :: ierror
     end subroutine dvm_sendrecv
  end interface

  ! ---- groups -------------------------------------------------------------------------------

  public :: dvm_group_rank, dvm_group_size

  interface
     ! This task's rank in the group (its tid in DVM_UNIVERSE; DVM_NULL when it is no member).
     subroutine dvm_group_rank(rank, group, ierror) bind(C, name="dvmf_group_rank")
       import
       integer, intent(out) :: rank
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_group_rank

     ! The number of ranks of the group.
     subroutine dvm_group_size(size, group, ierror) bind(C, name="dvmf_group_size")
       import
       integer, intent(out) :: size
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_group_size
  end interface

  ! ---- collectives --------------------------------------------------------------------------

  public :: dvm_barrier, dvm_bcast, dvm_reduce, dvm_allreduce

  interface
     ! Return when every task of the group has called it.
     subroutine dvm_barrier(group, ierror) bind(C, name="dvmf_barrier")
       import
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_barrier

     ! Copy root's buf to every other task's.
     subroutine dvm_bcast(buf, root, count, type, group, ierror) bind(C, name="dvmf_bcast")
       import
       type(*), dimension(..) :: buf
       integer, intent(in) :: root
       integer(int64), intent(in), optional :: count
       type(dvm_type), intent(in), optional :: type
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_bcast

     ! Combine the tasks' arrays in, element by element and in rank order, into root's out;
     ! other tasks' out is left alone. The root may give DVM_IN_PLACE as in, and its operand
     ! in out.
     subroutine dvm_reduce(in, out, op, root, count, type, group, ierror) &
          bind(C, name="dvmf_reduce")
       import
       type(*), dimension(..), intent(in) :: in
       type(*), dimension(..) :: out
       type(dvm_op), intent(in) :: op
       integer, intent(in) :: root
       integer(int64), intent(in), optional :: count
       type(dvm_type), intent(in), optional :: type
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_reduce

     ! As dvm_reduce, with the result in every task's out; all get the same bits.
     subroutine dvm_allreduce(in, out, op, count, type, group, ierror) &
          bind(C, name="dvmf_allreduce")
       import
       type(*), dimension(..), intent(in) :: in
       type(*), dimension(..) :: out
       type(dvm_op), intent(in) :: op
       integer(int64), intent(in), optional :: count
       type(dvm_type), intent(in), optional :: type
       type(dvm_group), intent(in), optional :: group
       integer, intent(out), optional :: ierror
     end subroutine dvm_allreduce
  end interface

  ! ---- C functions that the procedures below call --------------------------------------------

  interface
     function c_initialized() result(is) bind(C, name="dvm_initialized")
       import
       integer(c_int) :: is
     end function c_initialized
     function c_self() result(tid) bind(C, name="dvmf_self")
       import
       integer(c_int) :: tid
     end function c_self
     function c_version() result(number) bind(C, name="dvm_version")
       import
       integer(c_int) :: number
     end function c_version
     function c_version_text() result(text) bind(C, name="dvm_version_text")
       import
       type(c_ptr) :: text
     end function c_version_text
     function c_error_name(code) result(text) bind(C, name="dvm_error_name")
       import
       integer(c_int), value :: code
       type(c_ptr) :: text
     end function c_error_name
     function c_error_text(code) result(text) bind(C, name="dvm_error_text")
       import
       integer(c_int), value :: code
       type(c_ptr) :: text
     end function c_error_text
     function c_last_error() result(text) bind(C, name="dvm_last_error")
       import
       type(c_ptr) :: text
     end function c_last_error
     pure function c_length(text) result(length) bind(C, name="strlen")
       import
       type(c_ptr), value :: text
       integer(c_size_t) :: length
     end function c_length
  end interface

contains

  ! True while this process is a task, from dvm_init to dvm_finalize.
  function dvm_initialized() result(is)
    logical :: is
    is = c_initialized() /= 0
  end function dvm_initialized

  ! This task's tid. (DVM_SELF is the group of this task alone.)
  function dvm_tid() result(tid)
    integer :: tid
    tid = int(c_self())
  end function dvm_tid

  ! The version of the library at run time: major * 10000 + minor * 100 + patch.
  function dvm_version() result(number)
    integer :: number
    number = int(c_version())
  end function dvm_version

  ! The same as text, such as "0.1.0".
  function dvm_version_text() result(text)
    character(len=:), allocatable :: text
    text = text_of(c_version_text())
  end function dvm_version_text

  ! The name of a code, such as "DVM_ERR_TRUNCATE".
  function dvm_error_name(code) result(text)
    integer, intent(in) :: code
    character(len=:), allocatable :: text
    text = text_of(c_error_name(int(code, c_int)))
  end function dvm_error_name

  ! The general sentence of a code.
  function dvm_error_text(code) result(text)
    integer, intent(in) :: code
    character(len=:), allocatable :: text
    text = text_of(c_error_text(int(code, c_int)))
  end function dvm_error_text

  ! The full sentence of the calling thread's last error; empty before the first.
  function dvm_last_error() result(text)
    character(len=:), allocatable :: text
    text = text_of(c_last_error())
  end function dvm_last_error

  function text_of(from) result(text)
    type(c_ptr), intent(in) :: from
    character(len=:), allocatable :: text
    character(kind=c_char), pointer :: letters(:)
    integer :: i

    call c_f_pointer(from, letters, [c_length(from)])
    allocate (character(len=size(letters)) :: text)
    do i = 1, size(letters)
       text(i:i) = letters(i)
    end do
  end function text_of

  elemental function same_group(a, b) result(same)
    type(dvm_group), intent(in) :: a, b
    logical :: same
    same = a%number == b%number
  end function same_group

  elemental function other_group(a, b) result(other)
    type(dvm_group), intent(in) :: a, b
    logical :: other
    other = a%number /= b%number
  end function other_group

  elemental function same_type(a, b) result(same)
    type(dvm_type), intent(in) :: a, b
    logical :: same
    same = a%number == b%number
  end function same_type

  elemental function other_type(a, b) result(other)
    type(dvm_type), intent(in) :: a, b
    logical :: other
    other = a%number /= b%number
  end function other_type

  elemental function same_op(a, b) result(same)
    type(dvm_op), intent(in) :: a, b
    logical :: same
    same = a%number == b%number
  end function same_op

  elemental function other_op(a, b) result(other)
    type(dvm_op), intent(in) :: a, b
    logical :: other
    other = a%number /= b%number
  end function other_op

  function same_request(a, b) result(same)
    type(dvm_request), intent(in) :: a, b
    logical :: same
    same = c_associated(a%handle, b%handle) .or. &
         (.not. c_associated(a%handle) .and. .not. c_associated(b%handle))
  end function same_request

  function other_request(a, b) result(other)
    type(dvm_request), intent(in) :: a, b
    logical :: other
    other = .not. same_request(a, b)
  end function other_request
end module dvm
