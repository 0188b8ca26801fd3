! fortran_calls: three tasks use what module dvm has besides messages that wait: requests,
! probes, groups, collectives in both forms, operators, grids, hosts and tasks. Each result is
! compared with what it must be; the first that is wrong is told and ends the program.
module fortran_operator
  use dvm
  use, intrinsic :: iso_c_binding, only: c_ptr, c_size_t, c_f_pointer, c_double, &
       c_associated
  implicit none

contains

  ! The larger in absolute value.
  subroutine larger(left, right, count, type, user) bind(C)
    type(c_ptr), value :: left, right, user
    integer(c_size_t), value :: count
    type(dvm_type), value :: type
    real(c_double), pointer :: l(:), r(:)
    integer, pointer :: calls

    if (type /= DVM_DOUBLE) return
    if (c_associated(user)) then
       call c_f_pointer(user, calls)
       calls = calls + 1
    end if
    call c_f_pointer(left, l, [count])
    call c_f_pointer(right, r, [count])
    where (abs(r) > abs(l)) l = r
  end subroutine larger
end module fortran_operator

program fortran_calls
  use dvm
  use fortran_operator
  use, intrinsic :: iso_c_binding, only: c_loc
  use, intrinsic :: iso_fortran_env, only: int64, real64
  implicit none
  integer :: me, n, checks = 0, i

  call dvm_init()
  call dvm_group_rank(me)
  call dvm_group_size(n)
  if (n /= 3) call dvm_abort(2)
  call requests()
  call probes()
  call groups()
  call gathers()
  call lists()
  call reductions()
  call starts()
  call operators()
  call grids()
  call types()
  call persistent()
  call named()
  call survive()
  call machine()
  call dvm_finalize()
  if (me == 0) write (*, '(a, i0, a)') "fortran_calls: ", checks, " checks"

contains

  subroutine expect(good, what)
    logical, intent(in) :: good
    character(len=*), intent(in) :: what

    checks = checks + 1
    if (good) return
    write (*, '(a, i0, 4a)') "rank ", me, ": wrong: ", what, "; ", dvm_last_error()
    call dvm_abort(3)
  end subroutine expect

  ! Everybody sends a row of its matrix to the next, and takes one into a row of another: what
  ! is no single piece of memory, which must arrive when the request has ended.
  subroutine requests()
    integer, asynchronous :: a(3, 4), b(3, 4), whole(2)
    type(dvm_request) :: r(4)
    type(dvm_status) :: s(4), one
    integer :: next, previous, index, left
    logical :: done

    next = mod(me + 1, n)
    previous = mod(me + n - 1, n)
    a = me
    b = -1
    call dvm_irecv(b(2, :), previous, 1, r(1))
    call dvm_irecv(whole, previous, 2, r(2))
    call dvm_isend(a(1, :), next, 1, r(3))
    a(1, :) = 100 ! it was copied
    call dvm_issend([me, me + 1], next, 2, r(4))
    call dvm_waitall(r, s)
    call expect(all(b(2, :) == previous) .and. count(b == -1) == 8, "irecv into a row")
    call expect(all(whole == [previous, previous + 1]), "irecv")
    call expect(s(1)%count == 4 .and. s(1)%source == previous .and. s(2)%tag == 2, "statuses")
    call expect(r(1) == DVM_REQUEST_NULL .and. r(4) == DVM_REQUEST_NULL, "ended requests")

    ! a section of requests, and one after the other
    b = -1
    call dvm_irecv(b(1:3:2, 2:4:2), DVM_ANY, 3, r(1))
    call dvm_isend(a(2:3, 1), next, 3, r(3))
    do left = 1, 2
       call dvm_waitany(r(1:3:2), index, one)
       if (index == 1) call expect(one%source == previous .and. one%count == 2, "waitany")
    end do
    call expect(b(1, 2) == previous .and. b(3, 2) == previous .and. count(b == -1) == 10, &
         "a message that is shorter than its section")
    call dvm_waitany(r, index)
    call expect(index == 0, "waitany of none")

    call dvm_irecv(whole, previous, 4, r(1))
    call dvm_test(r(1), done)
    call expect(.not. done, "test, before")
    call dvm_barrier()
    call dvm_send([7, 8], next, 4)
    do
       call dvm_test(r(1), done, one)
       if (done) exit
    end do
    call expect(all(whole == [7, 8]) .and. one%tag == 4, "test, after")

    b = -1
    call dvm_irecv(b(1, :), previous, 5, r(1))
    call dvm_cancel(r(1))
    call dvm_wait(r(1), one)
    call expect(one%cancelled .and. all(b == -1), "cancelled")
  end subroutine requests

  subroutine probes()
    type(dvm_status) :: s
    type(dvm_message) :: message
    logical(1) :: small
    integer, allocatable :: a(:)
    logical :: found
    integer :: fd

    call dvm_iprobe(DVM_ANY, 9, found)
    call expect(.not. found, "iprobe of nothing")
    call dvm_barrier()
    call dvm_send([(i, i = 1, me + 2)], mod(me + 1, n), 9)
    call dvm_probe(DVM_ANY, 9, status=s)
    allocate (a(s%count))
    call dvm_mprobe(s%source, s%tag, message)
    call dvm_iprobe(DVM_ANY, 9, found)
    call expect(.not. found, "iprobe of a message that was taken")
    call dvm_mrecv(a, message, status=s)
    call expect(size(a) == s%source + 2 .and. a(size(a)) == size(a), "mrecv")
    small = .true.
    call dvm_improbe(DVM_ANY, 9, small, message)
    call expect(.not. logical(small), "improbe")
    call dvm_iprobe(DVM_ANY, 9, fd, ierror=i)
    call expect(i == DVM_ERR_ARG, "iprobe into a number")
    call dvm_fd(fd)
    call expect(fd > 0, "fd")
  end subroutine probes

  subroutine groups()
    type(dvm_group) :: odd, all_of, two, none
    integer :: rank, size, relation, tids(3), ranks(2)

    call dvm_group_tids(tids)
    call expect(tids(me + 1) == dvm_tid(), "tids")
    call dvm_group_tid(me, rank)
    call expect(rank == dvm_tid(), "tid")
    call dvm_group_split(mod(me, 2), -me, odd)
    call dvm_group_size(size, odd)
    call expect(size == merge(1, 2, me == 1), "split")
    call dvm_group_rank(rank, odd)
    call expect(rank == merge(0, (2 - me) / 2, me == 1), "split by keys")
    call dvm_group_dup(all_of)
    call dvm_group_compare(all_of, DVM_WORLD, relation)
    call expect(relation == DVM_CONGRUENT .and. all_of /= DVM_WORLD, "dup")
    call dvm_group_subset([2, 0], two)
    call dvm_group_rank(rank, two)
    call expect(rank == merge(DVM_NULL, merge(0, 1, me == 2), me == 1), "subset")
    call dvm_group_translate(two, [0, 1], DVM_WORLD, ranks)
    call expect(all(ranks == [2, 0]), "translate")
    call dvm_group_difference(two, two, none)
    call expect(none == DVM_GROUP_NONE, "difference")
    call dvm_group_union(two, DVM_WORLD, none)
    call dvm_group_size(size, none)
    call expect(size == 3, "union")
    call dvm_group_free(none)
    call expect(none == DVM_GROUP_NONE, "free")
    call dvm_group_create(tids(3:1:-1), none)
    call dvm_group_rank(rank, none)
    call expect(rank == 2 - me, "create")
  end subroutine groups

  subroutine gathers()
    real(real64) :: mine(2), both(2, 0:2), wide(4, 0:2)
    integer :: a(6), b(6)
    character(len=4) :: word, words(3)

    mine = [10d0 * me, 10d0 * me + 1]
    both = -1
    call dvm_gather(mine, both, 1)
    call expect(merge(both(2, 2) == 21 .and. both(1, 0) == 0, both(1, 1) == -1, me == 1), "gather")
    wide = -1
    call dvm_allgather(mine, wide(2:3, :))
    call expect(wide(2, 2) == 20 .and. wide(3, 0) == 1 .and. count(wide == -1) == 6, &
         "allgather into a section")
    both(:, me) = mine
    call dvm_allgather(DVM_IN_PLACE, both)
    call expect(both(1, 0) == 0 .and. both(2, 1) == 11 .and. both(2, 2) == 21, "allgather in place")
    if (me == 0) call dvm_scatter(both, mine, 0)
    if (me /= 0) call dvm_scatter(DVM_IN_PLACE, mine, 0)
    call expect(mine(2) == 10 * me + 1, "scatter")
    a = [(10 * me + i, i = 1, 6)]
    call dvm_alltoall(a, b)
    call expect(b(1) == 2 * me + 1 .and. b(6) == 22 + 2 * me, "alltoall")
    call dvm_alltoall(DVM_IN_PLACE, a)
    call expect(a(1) == 2 * me + 1 .and. a(6) == 22 + 2 * me, "alltoall in place")
    word = achar(iachar("a") + me) // "bc"
    call dvm_allgather(word, words)
    call expect(words(3) == "cbc" .and. words(1) == "abc", "allgather of words")
  end subroutine gathers

  ! Rank r has r + 1 elements.
  subroutine lists()
    integer(int64), parameter :: counts(3) = [1, 2, 3], offsets(3) = [7, 4, 0]
    integer :: mine(3), all(8), back(3), i
    character(len=2) :: words(3), gathered(6)

    mine = me
    all = -1
    call dvm_gatherv(mine(1:me + 1), all, counts, offsets, 0)
    if (me == 0) then
       call expect(same(all, [2, 2, 2, -1, 1, 1, -1, 0]), "gatherv")
    else
       call expect(same(all, [(-1, i = 1, 8)]), "gatherv elsewhere")
    end if
    all = -1
    call dvm_allgatherv(mine(1:me + 1), all, counts, offsets)
    call expect(same(all, [2, 2, 2, -1, 1, 1, -1, 0]), "allgatherv")
    back = -1
    call dvm_scatterv(all, counts, offsets, back(1:me + 1), 2)
    call expect(same(back(1:me + 1), [(me, i = 0, me)]), "scatterv")
    words = achar(iachar("x") + me) // "_"
    call dvm_allgatherv(words(1:me + 1), gathered, counts, [0_int64, 1_int64, 3_int64])
    call expect(gathered(1) == "x_" .and. gathered(3) == "y_" .and. gathered(6) == "z_", &
         "allgatherv of words")
    all = -1
    mine = [(10 * me + i, i = 1, 3)]
    call dvm_alltoallv(mine, [1_int64, 1_int64, 1_int64], [2_int64, 1_int64, 0_int64], &
         all, [1_int64, 1_int64, 1_int64], [0_int64, 2_int64, 4_int64])
    call expect(same(all(1:5:2), [3 - me, 13 - me, 23 - me]) .and. all(2) == -1, "alltoallv")
    call dvm_gatherv(mine, all(1:2), [3_int64], [0_int64], 0, ierror=i, group=DVM_SELF)
    call expect(i /= DVM_OK, "gatherv without room")
  end subroutine lists

  pure function same(a, b) result(is)
    integer, intent(in) :: a(:), b(:)
    logical :: is

    is = all(a == b)
  end function same

  subroutine reductions()
    integer :: a(3), b(3), one
    integer(int64), parameter :: counts(3) = [0, 1, 2]
    type(dvm_double_pair) :: pair, best
    complex(real64) :: z, sum
    logical :: yes, everywhere

    a = [1, 2, 3] * (me + 1)
    call dvm_reduce_scatter_block(a, one, DVM_SUM)
    call expect(one == 6 * (me + 1), "reduce_scatter_block")
    b = -1
    call dvm_reduce_scatter(a, b(1:me), counts, DVM_SUM)
    call expect(merge(b(1) == 6 * me, b(1) == -1, me > 0), "reduce_scatter")
    call dvm_scan(a(1), one, DVM_SUM)
    call expect(one == (me + 1) * (me + 2) / 2, "scan")
    one = -1
    call dvm_exscan(a(1), one, DVM_SUM)
    call expect(one == merge(-1, me * (me + 1) / 2, me == 0), "exscan")
    pair = dvm_double_pair(abs(me - 1.5d0), me)
    call dvm_allreduce(pair, best, DVM_MINLOC, type=DVM_DOUBLE_INT)
    call expect(best%value == 0.5d0 .and. best%index == 1, "minloc")
    z = (1, 2)
    call dvm_allreduce(z, sum, DVM_SUM)
    call expect(sum == (3, 6), "complex")
    yes = me /= 1
    call dvm_allreduce(yes, everywhere, DVM_LAND)
    call expect(.not. everywhere, "land")
    call dvm_allreduce(yes, everywhere, DVM_LOR)
    call expect(everywhere, "lor")
    b = [1, 1, 1]
    call dvm_reduce_local(b, a, DVM_SUM)
    call expect(all(b == a + 1), "reduce_local")
  end subroutine reductions

  ! Several under way, over sections.
  subroutine starts()
    integer, asynchronous :: a(2, 3), b(2, 3), c(2), d(3), e(2, 3)
    type(dvm_request) :: r(5)

    a = me
    b = -1
    c = me
    e = me
    call dvm_iallreduce(a(1, :), b(2, :), DVM_SUM, r(1))
    call dvm_ibcast(c, 2, r(2))
    call dvm_iallgather(me, d, r(3))
    call dvm_ibarrier(r(4))
    call dvm_ibcast(e(1, :), 0, r(5))
    a = 17
    call dvm_waitall(r)
    call expect(all(b(2, :) == 3) .and. all(b(1, :) == -1), "iallreduce")
    call expect(all(c == 2), "ibcast")
    call expect(all(d == [0, 1, 2]), "iallgather")
    call expect(all(e(1, :) == 0) .and. all(e(2, :) == me), "ibcast of a row")
  end subroutine starts

  subroutine operators()
    type(dvm_op) :: op
    real(real64) :: a(2), b(2)
    integer(int64) :: bytes
    integer, target :: calls

    call dvm_op_create(larger, .true., op)
    a = [real(me, real64), -2 + me * 1.5d0]
    call dvm_allreduce(a, b, op)
    call expect(all(b == [2, -2]), "an operator of one's own")
    call dvm_op_free(op)
    call expect(op == DVM_OP_NONE, "op_free")
    calls = 0
    call dvm_op_create(larger, .true., op, user=c_loc(calls))
    call dvm_reduce_local(a, b, op)
    call expect(calls == 1, "what an operator was given")
    call dvm_op_free(op)
    call dvm_type_size(DVM_DOUBLE_INT, bytes)
    call expect(bytes == 16, "type_size")
  end subroutine operators

  subroutine grids()
    type(dvm_group) :: ring, graph
    integer :: dims(1), coords(1), source, dest, kind, ndims, sources, destinations, two(2)
    logical :: periods(1)

    dims = 0
    call dvm_dims_create(n, dims)
    call expect(dims(1) == 3, "dims_create")
    call dvm_group_cart(dims, [.true.], ring)
    call dvm_topology(kind, ring)
    call expect(kind == DVM_CART, "topology")
    call dvm_cart_dims(ndims, dims, periods, ring)
    call expect(ndims == 1 .and. dims(1) == 3 .and. periods(1), "cart_dims")
    call dvm_cart_coords(me, coords, ring)
    call expect(coords(1) == me, "cart_coords")
    call dvm_cart_rank([me + 1], dest, ring)
    call expect(dest == mod(me + 1, 3), "cart_rank")
    call dvm_cart_shift(0, 1, source, dest, ring)
    call expect(source == mod(me + 2, 3) .and. dest == mod(me + 1, 3), "cart_shift")
    call dvm_neighbour_allgather(me, two, group=ring)
    call expect(all(two == [source, dest]), "neighbour_allgather")
    call dvm_group_graph([source], [dest], graph)
    call dvm_neighbour_count(sources, destinations, graph)
    call expect(sources == 1 .and. destinations == 1, "neighbour_count")
    call dvm_neighbours(two(1:1), group=graph)
    call expect(two(1) == source, "neighbours")
    call dvm_neighbour_alltoall(me, two(2), group=graph)
    call expect(two(2) == source, "neighbour_alltoall")
  end subroutine grids

  ! A column of C is a row of Fortran, and a part of a matrix a type.
  subroutine types()
    type(dvm_type) :: row, part
    integer :: a(4, 5), b(4, 5)
    integer(int64) :: lower, extent
    type(dvm_request) :: r

    a = me
    b = -1
    call dvm_type_vector(5_int64, 1_int64, 4_int64, DVM_INTEGER, row)
    call dvm_type_commit(row)
    call dvm_irecv(b(2, 1), mod(me + 2, n), 1, r, count=1_int64, type=row)
    call dvm_send(a, mod(me + 1, n), 1, type=row)
    call dvm_wait(r)
    call expect(all(b(2, :) == mod(me + 2, n)) .and. count(b == -1) == 15, "type_vector")
    call dvm_type_subarray([4_int64, 5_int64], [2_int64, 3_int64], [1_int64, 2_int64], DVM_INTEGER, part)
    call dvm_type_commit(part)
    call dvm_type_extent(part, lower, extent)
    call expect(lower == 0 .and. extent == storage_size(a) / 8 * 20, "type_extent")
    b = -1
    if (me == 0) b = a + 7
    call dvm_bcast(b, 0, type=part)
    if (me /= 0) call expect(all(b(2:3, 3:5) == 7) .and. count(b == -1) == 14, "type_subarray")
    call dvm_type_free(row)
    call dvm_type_free(part)
    call expect(row == DVM_TYPE_NONE, "type_free")
  end subroutine types

  subroutine persistent()
    integer, asynchronous :: out(3), in(3)
    type(dvm_request) :: r(2)
    integer :: round

    call dvm_send_init(out, mod(me + 1, n), 1, r(1))
    call dvm_recv_init(in, mod(me + 2, n), 1, r(2))
    do round = 1, 3
       out = 10 * round + me
       call dvm_startall(r)
       call dvm_waitall(r)
       call expect(all(in == 10 * round + mod(me + 2, n)), "persistent")
    end do
    call dvm_request_free(r(1))
    call dvm_request_free(r(2))
    call expect(r(1) == DVM_REQUEST_NULL, "request_free")
  end subroutine persistent

  subroutine named()
    type(dvm_group) :: frozen
    integer :: instance, size, tid, tids(3), other
    integer(int64) :: count

    call dvm_named_join("fortran calls", instance)
    call dvm_named_barrier("fortran calls  ", n)
    call dvm_named_size("fortran calls", size)
    call dvm_named_tid("fortran calls", instance, tid)
    call dvm_named_tids("fortran calls", tids, count)
    call dvm_named_instance("fortran calls", tids(1), other)
    call expect(size == 3 .and. tid == dvm_tid() .and. count == 3 .and. other == 0, "named")
    call expect(tids(instance + 1) == dvm_tid(), "named_tids")
    if (instance == 0) call dvm_named_bcast(42, "fortran calls", 5)
    if (instance /= 0) call dvm_recv(other, tids(1), 5, group=DVM_UNIVERSE)
    if (instance /= 0) call expect(other == 42, "named_bcast")
    call dvm_named_freeze("fortran calls", n, frozen)
    call dvm_group_rank(other, frozen)
    call expect(other == instance, "named_freeze")
  end subroutine named

  subroutine survive()
    type(dvm_group) :: work, left
    integer :: flag, size, ierror

    call dvm_group_dup(work)
    flag = merge(5, 7, me == 1)
    call dvm_group_agree(flag, work)
    call expect(flag == 5, "agree")
    call dvm_group_revoke(work)
    call dvm_barrier(work, ierror)
    call expect(ierror == DVM_ERR_REVOKED, "revoke")
    call dvm_group_shrink(left, work)
    call dvm_group_size(size, left)
    call expect(size == 3, "shrink")
  end subroutine survive

  subroutine machine()
    type(dvm_host), allocatable :: hosts(:)
    type(dvm_task), allocatable :: tasks(:)
    type(dvm_exit) :: how
    character(len=DVM_NAME_MAX) :: name
    integer :: tid, tids(2), errors(2), ierror
    logical :: here

    call dvm_host_name(name)
    call dvm_hosts(hosts)
    here = .false.
    do i = 1, size(hosts)
       here = here .or. (hosts(i)%name == name .and. hosts(i)%state == DVM_HOST_UP)
    end do
    call expect(here, "hosts")
    call dvm_tasks(tasks)
    here = .false.
    do i = 1, size(tasks)
       here = here .or. (tasks(i)%tid == dvm_tid() .and. tasks(i)%rank == me .and. &
            index(tasks(i)%program, "fortran_calls") > 0)
    end do
    call expect(here, "tasks")
    call dvm_parent(tid, ierror)
    call expect(ierror == DVM_ERR_NO_PARENT, "parent")
    call expect(dvm_initialized() .and. dvm_version() > 0 .and. len(dvm_version_text()) > 2, &
         "version")
    if (me /= 0) return
    call dvm_spawn("sh", tids, args=[character(len=8) :: "-c", "exit $X"], env=["X=5"], errors=errors)
    call expect(all(tids > 0) .and. all(errors == DVM_OK), "spawn")
    call dvm_task_wait(tids(2), how=how)
    call expect(how%status == 5 .and. how%tid == tids(2) .and. .not. how%lost, "task_wait")
    call dvm_spawn("there_is_no_such_program", tids, ierror=ierror)
    call expect(ierror == DVM_ERR_NO_PROGRAM, "spawn of nothing")
  end subroutine machine
end program fortran_calls
