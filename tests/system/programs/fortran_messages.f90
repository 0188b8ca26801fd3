! fortran_messages: two tasks exchange variables, arrays and sections of all kinds. The types
! and counts are found from the arguments, gaps of sections are left alone, and what is wrong
! comes back in ierror with a sentence. Ends with the status of what was wrong first.
program fortran_messages
  use dvm
  use, intrinsic :: iso_fortran_env, only: int8, int16, int32, int64, real32, real64
  implicit none
  type :: point
     integer :: id
     real(real64) :: x, y
     character(len=3) :: name
  end type point
  integer :: me, n, checks = 0

  call dvm_init()
  call dvm_group_rank(me)
  call dvm_group_size(n)
  if (n /= 2) call dvm_abort(2)
  call kinds()
  call sections()
  call derived()
  call sequences()
  call collectives()
  call errors()
  call dvm_finalize()
  if (me == 0) write (*, '(a, i0, a)') "fortran_messages: ", checks, " checks"

contains

  subroutine expect(good, what)
    logical, intent(in) :: good
    character(len=*), intent(in) :: what

    checks = checks + 1
    if (good) return
    write (*, '(a, i0, 2a)') "rank ", me, ": wrong: ", what
    call dvm_abort(3)
  end subroutine expect

  ! What rank 1 gets has the type and the count of what rank 0 has sent.
  subroutine came(status, type, count, what)
    type(dvm_status), intent(in) :: status
    type(dvm_type), intent(in) :: type
    integer, intent(in) :: count
    character(len=*), intent(in) :: what

    call expect(status%type == type, what // ": type")
    call expect(status%count == count, what // ": count")
    call expect(status%source == 0, what // ": source")
  end subroutine came

  subroutine kinds()
    integer(int8) :: i8(3)
    integer(int16) :: i16(3)
    integer(int32) :: i32(2, 2)
    integer(int64) :: i64
    real(real32) :: r32(4)
    real(real64) :: r64(2, 2, 2)
    complex(real32) :: c32
    complex(real64) :: c64(2)
    logical :: l(3)
    character(len=5) :: c(2)
    type(dvm_status) :: s

    if (me == 0) then
       call dvm_send([1_int8, 2_int8, 3_int8], 1, 1)
       call dvm_send([1_int16, 2_int16, 3_int16], 1, 2)
       call dvm_send(reshape([1_int32, 2_int32, 3_int32, 4_int32], [2, 2]), 1, 3)
       call dvm_send(5_int64, 1, 4)
       call dvm_bsend([1.0_real32, 2.0_real32, 3.0_real32, 4.0_real32], 1, 5)
       r64 = 6
       call dvm_ssend(r64, 1, 6)
       call dvm_send((1.0_real32, 2.0_real32), 1, 7)
       call dvm_send([(1.0_real64, 2.0_real64), (3.0_real64, 4.0_real64)], 1, 8)
       call dvm_send([.true., .false., .true.], 1, 9)
       call dvm_send(["hello", "there"], 1, 10)
    else
       call dvm_recv(i8, 0, 1, status=s)
       call came(s, DVM_INT8, 3, "int8")
       call expect(all(i8 == [1, 2, 3]), "int8")
       call dvm_recv(i16, 0, 2, status=s)
       call came(s, DVM_INT16, 3, "int16")
       call expect(all(i16 == [1, 2, 3]), "int16")
       call dvm_recv(i32, 0, 3, status=s)
       call came(s, DVM_INT32, 4, "int32")
       call expect(i32(1, 2) == 3, "int32")
       call dvm_recv(i64, 0, 4, status=s)
       call came(s, DVM_INT64, 1, "int64")
       call expect(i64 == 5, "int64")
       call dvm_recv(r32, 0, 5, status=s)
       call came(s, DVM_FLOAT, 4, "real32")
       call expect(r32(4) == 4, "real32")
       call dvm_recv(r64, 0, 6, status=s)
       call came(s, DVM_DOUBLE, 8, "real64")
       call expect(all(r64 == 6), "real64")
       call dvm_recv(c32, 0, 7, status=s)
       call came(s, DVM_FLOAT_COMPLEX, 1, "complex32")
       call expect(c32 == (1, 2), "complex32")
       call dvm_recv(c64, DVM_ANY, DVM_ANY, status=s)
       call came(s, DVM_DOUBLE_COMPLEX, 2, "complex64")
       call expect(c64(2) == (3, 4) .and. s%tag == 8, "complex64")
       call dvm_recv(l, 0, 9, status=s)
       call came(s, DVM_LOGICAL, 3, "logical")
       call expect(all(l .eqv. [.true., .false., .true.]), "logical")
       call dvm_recv(c, 0, 10, status=s)
       call came(s, DVM_CHAR, 10, "character")
       call expect(c(1) == "hello" .and. c(2) == "there", "character")
    end if
  end subroutine kinds

  ! Rank 0 sends every second row and third column; rank 1 receives it into another section,
  ! in part, and the other elements stay as they were.
  subroutine sections()
    real(real64) :: a(10, 9), b(5, 12), c(20)
    integer(int64), parameter :: rubbish(6) = [0_int64, 1_int64, 16_int64, 24_int64, 1234_int64, &
         140000000000000_int64]
    integer :: i, j
    type(dvm_status) :: s

    a = reshape([(real(i, real64), i = 1, 90)], [10, 9])
    b = -1
    c = -1
    if (me == 0) then
       call dvm_send(a(1:10:2, 1:9:3), 1, 1)
       call dvm_send(a(10:1:-1, 2), 1, 2)
       call dvm_send(a(1:10:2, 1:9:3), 1, 3)
       call dvm_send(a(3, :), 1, 4)
       call dvm_send(a(2:1, :), 1, 5)
       do i = 1, size(rubbish)
          call spoil(rubbish(i))
          call assigned(a)
       end do
    else
       do i = 1, size(rubbish)
          call dvm_recv(c, 0, 6, status=s)
          call came(s, DVM_DOUBLE, 9, "assigned")
          call expect(all(c(1:9) == a(2, :)), "assigned")
          c = -1
       end do
       call dvm_recv(b(:, 2:12:4), 0, 1, status=s)
       call came(s, DVM_DOUBLE, 15, "section")
       do j = 1, 3
          call expect(all(b(:, 4 * j - 2) == a(1:10:2, 3 * j - 2)), "section")
       end do
       call expect(count(b /= -1) == 15, "the rest of a section")
       call dvm_recv(c(1:10), 0, 2)
       call expect(all(c(1:10) == a(10:1:-1, 2)), "backwards")
       b = -1
       call dvm_recv(b(1:5:2, :), 0, 3, status=s) ! 36 places for 15 elements
       call expect(all(reshape(b(1:5:2, 1:5), [15]) == reshape(a(1:10:2, 1:9:3), [15])), "in part")
       call expect(count(b /= -1) == 15, "the rest of a part")
       c = -1
       call dvm_recv(c(2:20:2), 0, 4)
       call expect(all(c(2:18:2) == a(3, :)) .and. c(20) == -1, "row")
       call dvm_recv(c, 0, 5, status=s)
       call came(s, DVM_DOUBLE, 0, "empty")
    end if
    ! sections of arrays with a word before them that looks like malloc's note
    block
      integer(int64) :: w(30), got(5)
      integer(int64) :: note
      do note = 32, 80
         w = note
         w(3:11) = [(int(i, int64), i = 3, 11)]
         if (me == 0) call dvm_send(w(3:11:2), 1, 7)
         if (me == 0) call dvm_send(w(4:12:2), 1, 7)
         if (me == 1) then
            call dvm_recv(got, 0, 7)
            call expect(all(got == w(3:11:2)), "a section behind a small number")
            call dvm_recv(got, 0, 7)
            call expect(all(got == w(4:12:2)), "a section behind a small number")
         end if
      end do
    end block
  end subroutine sections

  ! Leave something on the stack, where the next procedure has its variables.
  subroutine spoil(rubbish)
    integer(int64), intent(in) :: rubbish
    integer(int64), volatile :: places(400)

    places = rubbish
  end subroutine spoil

  ! An array that is allocated by the assignment of a result: gfortran may leave its steps unset.
  subroutine assigned(a)
    real(real64), intent(in) :: a(:, :)
    real(real64), allocatable :: row(:)

    row = pack(a(2, :), a(2, :) > 0)
    call dvm_send(row, 1, 6)
  end subroutine assigned

  subroutine derived()
    type(point) :: p(6), one
    integer :: i

    do i = 1, 6
       p(i) = point(i, 0.5d0 * i, -i, "abc")
    end do
    if (me == 0) then
       call dvm_send(p(2:6:2), 1, 1)
       call dvm_send(p%x, 1, 2)
       call dvm_send(p(4), 1, 3)
    else
       p = point(0, 0, 0, "")
       call dvm_recv(p(1:5:2), 0, 1)
       call expect(p(3)%id == 4 .and. p(5)%x == 3 .and. p(2)%id == 0 .and. p(1)%name == "abc", &
            "a derived type")
       call dvm_recv(p%y, 0, 2)
       call expect(all(p%y == [(0.5d0 * i, i = 1, 6)]) .and. p(3)%id == 4, "a component")
       call dvm_recv(one, 0, 3)
       call expect(one%id == 4, "one of a derived type")
    end if
  end subroutine derived

  ! As programs of older standards pass arrays: the first element, or without a size.
  subroutine sequences()
    integer :: a(10), i

    a = [(i, i = 1, 10)]
    if (me == 0) then
       call dvm_send(a(3), 1, 1, count=4_int64)
       call old(a, 5_int64)
    else
       a = 0
       call dvm_recv(a(2), 0, 1, count=4_int64)
       call expect(all(a == [0, 3, 4, 5, 6, 0, 0, 0, 0, 0]), "the first element")
       call dvm_recv(a, 0, 2)
       call expect(all(a(1:5) == [1, 2, 3, 4, 5]), "assumed size")
    end if
  end subroutine sequences

  subroutine old(a, count)
    integer, intent(in) :: a(*)
    integer(int64), intent(in) :: count
    integer :: ierror

    call dvm_send(a, 1, 2, ierror=ierror)
    call expect(ierror == DVM_ERR_ARG .and. index(dvm_last_error(), "give count") > 0, &
         "assumed size without a count")
    call dvm_send(a, 1, 2, count=count)
  end subroutine old

  subroutine collectives()
    real(real64) :: a(6), sum(6), m(2, 3)
    integer :: i

    a = [(real(i * (me + 1), real64), i = 1, 6)]
    sum = -1
    call dvm_allreduce(a, sum, DVM_SUM)
    call expect(all(sum == [(3d0 * i, i = 1, 6)]), "allreduce")
    call dvm_allreduce(DVM_IN_PLACE, a(1:6:2), DVM_MAX)
    call expect(all(a(1:6:2) == [2, 6, 10]) .and. a(2) == 2 * (me + 1), "allreduce in place")
    sum = -1
    call dvm_reduce(a(1:3), sum(2:6:2), DVM_PROD, 1)
    call expect(sum(1) == -1 .and. (me == 0 .or. sum(6) == 36), "reduce")
    m = me
    m(1, :) = me + 5
    call dvm_bcast(m(1, :), 0, group=DVM_WORLD)
    call expect(all(m(1, :) == 5) .and. all(m(2, :) == me), "bcast of a row")
    call dvm_barrier()
    call dvm_allreduce(me, i, DVM_SUM, group=DVM_SELF)
    call expect(i == me, "a group of its own")
  end subroutine collectives

  subroutine errors()
    integer :: a(4), b(2), ierror
    real :: r(4)

    a = 7
    call dvm_send(a, 17, 1, ierror=ierror)
    call expect(ierror == DVM_ERR_RANK .and. index(dvm_last_error(), "dvm_send") > 0, "rank")
    call expect(dvm_error_name(ierror) == "DVM_ERR_RANK", "name")
    call expect(len(dvm_error_text(ierror)) > 0, "text")
    call dvm_send(a, 0, 1, count=5_int64, ierror=ierror)
    call expect(ierror == DVM_ERR_ARG, "more than there is")
    call dvm_send(a, 0, 1, count=-1_int64, ierror=ierror)
    call expect(ierror == DVM_ERR_ARG, "a negative count")
    call dvm_allreduce(a, r, DVM_SUM, ierror=ierror)
    call expect(ierror == DVM_ERR_ARG .and. index(dvm_last_error(), "types") > 0, "two types")
    call dvm_allreduce(a, b, DVM_SUM, ierror=ierror)
    call expect(ierror == DVM_ERR_ARG, "a short result")
    call dvm_errors(DVM_RETURN)
    call dvm_allreduce(a, b, DVM_SUM, ierror=ierror) ! told with its line
    if (me == 0) write (*, '(a)') "short: " // dvm_last_error()
    call dvm_errors(DVM_FATAL)
    call dvm_barrier(ierror=ierror)
    call expect(ierror == DVM_OK, "ok")
    if (me == 0) then
       call dvm_send(a, 1, 1)
    else
       b = 0
       call dvm_recv(b, 0, 1, ierror=ierror)
       call expect(ierror == DVM_ERR_TRUNCATE .and. all(b == 0), "truncated")
       write (*, '(a)') "said: " // dvm_last_error()
       call dvm_recv(a(1:4), 0, 1)
    end if
    call dvm_barrier()
  end subroutine errors
end program fortran_messages
