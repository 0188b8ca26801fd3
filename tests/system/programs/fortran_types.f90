! fortran_types: three tasks use types of their own, alltoallw, packed messages, collectives that are
! described once, and values under names. Each result is compared with what it must be; the
! first that is wrong is told and ends the program.
program fortran_types
  use dvm
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use, intrinsic :: iso_c_binding, only: c_int, c_double
  implicit none

  type, bind(C) :: particle
     integer(c_int) :: kind
     real(c_double) :: position(3)
     integer(c_int) :: mark
  end type particle

  integer, parameter :: long = int64
  integer :: me, n, checks = 0, next, previous

  call dvm_init()
  call dvm_group_rank(me)
  call dvm_group_size(n)
  if (n /= 3) call dvm_abort(2)
  next = mod(me + 1, n)
  previous = mod(me + n - 1, n)
  call lists()
  call components()
  call distributed()
  call described()
  call transposed()
  call packed()
  call often()
  call often_all()
  call among_neighbours()
  call values()
  call dvm_finalize()
  if (me == 0) write (*, '(a, i0, a)') "fortran_types: ", checks, " checks"

contains

  subroutine expect(good, what)
    logical, intent(in) :: good
    character(len=*), intent(in) :: what

    checks = checks + 1
    if (good) return
    write (*, '(a, i0, 4a)') "rank ", me, ": wrong: ", what, "; ", dvm_last_error()
    call dvm_abort(3)
  end subroutine expect

  ! What a type takes out of the numbers from 0 on of rank 0; the others get them side by side.
  ! The type is freed.
  subroutine takes(type, places, what)
    type(dvm_type), intent(inout) :: type
    integer, intent(in) :: places(:)
    character(len=*), intent(in) :: what
    integer :: from(0:19), to(size(places)), i

    call dvm_type_commit(type)
    from = [(i, i = 0, 19)]
    if (me == 0) then
       call dvm_send(from, 1, 1, type=type)
    else if (me == 1) then
       to = -1
       call dvm_recv(to, 0, 1)
       call expect(all(to == places), what)
    end if
    call dvm_type_free(type)
  end subroutine takes

  subroutine lists()
    type(dvm_type) :: type
    integer(int64) :: size
    integer :: ierror

    call dvm_type_size(DVM_INTEGER, size)
    call dvm_type_hvector(3_long, 2_long, 5 * size, DVM_INTEGER, type)
    call takes(type, [0, 1, 5, 6, 10, 11], "type_hvector")
    call dvm_type_indexed([1_long, 3_long, 0_long], [7_long, 2_long, 0_long], DVM_INTEGER, type)
    call takes(type, [7, 2, 3, 4], "type_indexed")
    call dvm_type_hindexed([2_long, 1_long], [9 * size, size], DVM_INTEGER, type)
    call takes(type, [9, 10, 1], "type_hindexed")
    call dvm_type_indexed_block(2_long, [4_long, 0_long], DVM_INTEGER, type)
    call takes(type, [4, 5, 0, 1], "type_indexed_block")
    call dvm_type_hindexed_block(1_long, [3 * size, 2 * size, 19 * size], DVM_INTEGER, type)
    call takes(type, [3, 2, 19], "type_hindexed_block")
    call dvm_type_indexed([1_long], [7_long, 2_long], DVM_INTEGER, type, ierror)
    call expect(ierror == DVM_ERR_ARG, "lists of different lengths")
  end subroutine lists

  ! Components of a derived type, without what is between them.
  subroutine components()
    type(particle), target :: all_of(2), one
    type(dvm_type) :: type, part
    integer(int64) :: base, at(2), lower, extent, count, rest
    type(dvm_status) :: status

    call dvm_address(one, base)
    call dvm_address(one%kind, at(1))
    call dvm_address(one%position, at(2))
    call dvm_type_struct([1_long, 3_long], at - base, [DVM_INT32, DVM_DOUBLE], part)
    call dvm_type_resized(part, 0_long, storage_size(one, int64) / 8, type)
    call dvm_type_commit(type)
    call dvm_type_extent(type, lower, extent)
    call expect(extent * 8 == storage_size(one), "type_resized")
    call dvm_type_true_extent(type, lower, extent)
    call expect(lower == 0 .and. extent == at(2) - base + 24, "type_true_extent")
    all_of = particle(-1, -1d0, -1)
    if (me == 0) then
       all_of = [particle(1, [1, 2, 3], 7), particle(2, [4, 5, 6], 8)]
       call dvm_send(all_of, 1, 2, count=2_long, type=type)
    else if (me == 1) then
       call dvm_recv(all_of, 0, 2, count=2_long, type=type, status=status)
       call expect(all(all_of%kind == [1, 2]) .and. all_of(2)%position(3) == 6 .and. &
            all(all_of%mark == -1), "type_struct")
       call dvm_type_count(status, type, count, rest)
       call expect(count == 2 .and. rest == 0, "type_count")
       call expect(status%type == DVM_TYPE_MIXED, "the type of a message of several")
    end if
  end subroutine components

  ! Each has what it must have of a matrix that is dealt out in turns, and rank 0 collects it.
  subroutine distributed()
    type(dvm_type) :: type
    integer :: whole(4, 6), mine(8), i, r
    type(dvm_request) :: request

    mine = me
    if (me == 0) whole = -1
    call dvm_isend(mine, 0, 3, request)
    do r = 0, merge(n - 1, -1, me == 0)
       call dvm_type_darray(n, r, [4_long, 6_long], [DVM_DISTRIBUTE_NONE, DVM_DISTRIBUTE_CYCLIC], &
            [0_long, 1_long], [1, 3], DVM_INTEGER, type)
       call dvm_type_commit(type)
       call dvm_recv(whole, r, 3, type=type)
       call dvm_type_free(type)
    end do
    call dvm_wait(request)
    if (me == 0) call expect(all([(all(whole(:, i) == mod(i - 1, 3)), i = 1, 6)]), "type_darray")
  end subroutine distributed

  subroutine described()
    type(dvm_type) :: type
    type(dvm_type_info) :: info

    call dvm_type_subarray([4_long, 5_long], [2_long, 3_long], [1_long, 2_long], DVM_REAL, type)
    call dvm_type_describe(type, info)
    call expect(info%kind == DVM_KIND_SUBARRAY .and. info%order == DVM_ORDER_FORTRAN .and. &
         all(info%sizes == [4, 5]) .and. all(info%subsizes == [2, 3]) .and. &
         all(info%starts == [1, 2]) .and. size(info%lengths) == 0, "type_describe")
    call expect(size(info%types) == 1 .and. all(info%types == [DVM_REAL]), "types of a type")
    call dvm_type_free(type)
    call dvm_type_struct([2_long], [8_long], [DVM_INT64], type)
    call dvm_type_describe(type, info)
    call expect(info%kind == DVM_KIND_STRUCT .and. info%count == 1 .and. &
         all(info%lengths == [2]) .and. all(info%offsets == [8]), "type_describe of a struct")
    call dvm_type_describe(DVM_INT64, info)
    call expect(info%kind == DVM_KIND_BASIC .and. size(info%types) == 0, "type_describe of a basic type")
  end subroutine described

  ! Rank r gets the r-th row of each task's matrix as a column of its own.
  subroutine transposed()
    integer :: a(3, 3), b(3, 3), r, form, ierror
    integer(int64) :: ones(3), rows(3), columns(3), size
    type(dvm_type) :: row, column, in(3), out(3)
    type(dvm_request) :: request

    call dvm_type_size(DVM_INTEGER, size)
    call dvm_type_vector(3_long, 1_long, 3_long, DVM_INTEGER, row)
    call dvm_type_contiguous(3_long, DVM_INTEGER, column)
    call dvm_type_commit(row)
    call dvm_type_commit(column)
    ones = 1
    rows = [(r * size, r = 0, 2)]
    columns = rows * 3
    in = row
    out = column
    do form = 1, 3
       a = reshape([(100 * form + 10 * me + r, r = 1, 9)], [3, 3])
       b = -1
       select case (form)
       case (1)
          call dvm_alltoallw(a, ones, rows, in, b, ones, columns, out)
       case (2)
          call dvm_ialltoallw(a, ones, rows, in, b, ones, columns, out, request)
          call dvm_wait(request)
       case (3)
          call dvm_alltoallw_init(a, ones, rows, in, b, ones, columns, out, request)
          call dvm_start(request)
          call dvm_wait(request)
          call dvm_request_free(request)
       end select
       do r = 0, 2
          call expect(all(b(:, r + 1) == 100 * form + 10 * r + me + [1, 4, 7]), "alltoallw")
       end do
    end do
    call dvm_alltoallw(a, ones, rows + size, in, b, ones, columns, out, ierror=ierror)
    call expect(ierror == DVM_ERR_ARG, "alltoallw beyond an array")
    call dvm_alltoallw(a(1:2, :), ones, rows, in, b, ones, columns, out, ierror=ierror)
    call expect(ierror == DVM_ERR_ARG, "alltoallw of a section")
  end subroutine transposed

  ! A row and a text in one message.
  subroutine packed()
    integer :: a(3, 4), b(3, 4)
    character(len=5) :: word
    character(len=1) :: space(200), there(200)
    integer(int64) :: position, bytes
    integer :: ierror

    a = me
    b = -1
    position = 0
    call dvm_pack(a(2, :), space, position)
    call dvm_pack("h" // achar(iachar("0") + me), space, position)
    call dvm_pack_size(4_long, DVM_INTEGER, bytes)
    call expect(bytes >= 4 * storage_size(me) / 8 .and. bytes < position, "pack_size")
    call dvm_sendrecv(space, next, 4, there, previous, 4, sendcount=position, &
         sendtype=DVM_BYTE, recvtype=DVM_BYTE, ierror=ierror)
    call expect(ierror == DVM_OK, "a packed message")
    position = 0
    word = "-----"
    call dvm_unpack(there, position, b(3, :))
    call dvm_unpack(there, position, word, count=1_long, type=DVM_CHAR)
    call expect(all(b(3, :) == previous) .and. count(b == -1) == 8, "unpack into a row")
    call expect(word == "h----", "unpack of letters")
    position = 1000
    call dvm_pack(a, space, position, ierror=ierror)
    call expect(ierror == DVM_ERR_ARG .and. position == 1000, "pack beyond the end")
  end subroutine packed

  ! Sections are sent as they are at each start, and filled at each end.
  subroutine often()
    integer, asynchronous :: a(3, 4), b(3, 4), short(2)
    type(dvm_request) :: r(2), other
    type(dvm_status) :: s(2), one
    integer :: round, index
    logical :: done

    call dvm_send_init(a(2, :), next, 5, r(1))
    call dvm_recv_init(b(3, 1:4), previous, 5, r(2))
    b = -1
    do round = 1, 4
       a = 10 * round + me
       call dvm_startall(r)
       a = -7
       if (round < 3) then
          call dvm_waitall(r, s)
          call expect(s(2)%count == 4, "the status of a persistent section")
       else if (round == 3) then
          call dvm_waitany(r, index, one)
          call dvm_wait(r(3 - index))
       else
          call dvm_wait(r(1))
          do
             call dvm_test(r(2), done)
             if (done) exit
          end do
       end if
       call expect(all(b(3, :) == 10 * round + previous) .and. count(b == -1) == 8, "a persistent row")
       b(3, :) = -5
       call dvm_wait(r(2)) ! was told already: nothing changes
       call expect(all(b(3, :) == -5), "the end of a persistent row is told once")
    end do
    ! a message that is shorter
    b(3, :) = -5
    short = [1, 2]
    call dvm_start(r(2))
    call dvm_isend(short, next, 5, other)
    call dvm_wait(r(2))
    call dvm_wait(other)
    call expect(all(b(3, :) == [1, 2, -5, -5]), "a shorter message in a persistent row")
    call dvm_request_free(r(1))
    call dvm_request_free(r(2))
    call expect(r(2) == DVM_REQUEST_NULL, "request_free of a section")
  end subroutine often

  subroutine often_all()
    integer, asynchronous :: a(2, 3), b(2, 3), c(2, 2), d(3), in(3), out(3), e(6)
    integer(int64), parameter :: counts(3) = [1, 2, 3], offsets(3) = [5, 3, 0]
    type(dvm_request) :: r(6)
    integer :: round

    call dvm_allreduce_init(a(1, :), b(2, :), DVM_SUM, r(1))
    call dvm_bcast_init(c(2, :), 1, r(2))
    call dvm_allreduce_init(DVM_IN_PLACE, d, DVM_MAX, r(3))
    call dvm_alltoall_init(in, out, r(4))
    call dvm_allgatherv_init(a(2, 1:me + 1), e, counts, offsets, r(5))
    call dvm_barrier_init(r(6))
    do round = 1, 3
       a = round * (me + 1)
       b = -1
       c = merge(round, -1, me == 1)
       d = [me, round, -me]
       in = 10 * me + [0, 1, 2] + 100 * round
       call dvm_startall(r)
       a = -7
       call dvm_waitall(r)
       call expect(all(b(2, :) == 6 * round) .and. all(b(1, :) == -1), "allreduce_init")
       call expect(all(c(2, :) == round) .and. all(c(1, :) == merge(round, -1, me == 1)), "bcast_init")
       call expect(all(d == [2, round, 0]), "allreduce_init in place")
       call expect(all(out == [0, 10, 20] + me + 100 * round), "alltoall_init")
       call expect(all(e == round * [3, 3, 3, 2, 2, 1]), "allgatherv_init")
    end do
    do round = 1, 6
       call dvm_request_free(r(round))
    end do
  end subroutine often_all

  subroutine among_neighbours()
    type(dvm_group) :: ring
    type(dvm_request) :: r
    integer, asynchronous :: two(2)
    integer(int64) :: ones(2), places(2), bytes
    type(dvm_type) :: types(2)
    integer :: out(2)

    call dvm_group_cart([3], [.true.], ring)
    call dvm_neighbour_allgather_init(me, two, r, group=ring)
    two = -1
    call dvm_start(r)
    call dvm_wait(r)
    call expect(all(two == [previous, next]), "neighbour_allgather_init")
    call dvm_request_free(r)
    call dvm_type_size(DVM_INTEGER, bytes)
    ones = 1
    places = [bytes, 0_long]
    types = DVM_INTEGER
    out = 10 * me + [1, 2]
    call dvm_neighbour_alltoallw(out, ones, places, types, two, ones, places, types, ring)
    call expect(all(two == [10 * next + 2, 10 * previous + 1]), "neighbour_alltoallw")
    call dvm_ineighbour_alltoallw(out, ones, places, types, two, ones, [0_long, bytes], types, r, ring)
    call dvm_wait(r)
    call expect(all(two == [10 * previous + 1, 10 * next + 2]), "ineighbour_alltoallw")
  end subroutine among_neighbours

  subroutine values()
    real(real64) :: a(2, 3), b(2, 3)
    type(dvm_value), allocatable :: list(:)
    integer :: place, owner, kept, tid, ierror, i
    integer(int64) :: bytes

    call dvm_group_tid(1, tid)
    a = me
    b = -1
    if (me == 1) call dvm_value_put(a(1, :), "fortran types", flags=DVM_VALUE_OPEN)
    call dvm_value_get(b(2, :), "fortran types", flags=DVM_VALUE_WAIT, owner=owner, kept=kept)
    call expect(all(b(2, :) == 1) .and. all(b(1, :) == -1), "value_get into a row")
    call expect(owner == tid .and. kept == DVM_VALUE_OPEN, "what is known of a value")
    call dvm_value_get(name="fortran types", flags=DVM_VALUE_LOOK, bytes=bytes)
    call expect(bytes == 24, "a look at a value")
    call dvm_value_put(me, "fortran many", flags=DVM_VALUE_MANY, place=place)
    call dvm_barrier()
    call dvm_values(list)
    call expect(size(list) >= 4, "values")
    i = 0
    do i = 1, size(list)
       if (list(i)%name == "fortran many" .and. list(i)%index == place) exit
    end do
    call expect(list(i)%owner == dvm_tid() .and. list(i)%bytes == storage_size(me) / 8, "one of values")
    call dvm_barrier()
    call dvm_value_delete("fortran many", place)
    call dvm_value_get(i, "fortran many", place, ierror=ierror)
    call expect(ierror == DVM_ERR_NO_VALUE, "value_delete")
  end subroutine values
end program fortran_types
