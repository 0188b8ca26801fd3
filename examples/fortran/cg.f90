! cg.f90: conjugate gradients: solves A x = b for a sparse symmetric matrix.
!
! A is the 7-point Poisson matrix of an N x N x N grid (--poisson N); b is all ones. Each task
! owns a contiguous range of rows and the same range of all vectors. The product A p needs
! entries of p that others own, the ghosts: which, depends on the matrix alone. So it is found
! out once: each task asks the owners for what it needs, the askers and the asked become a
! graph, and each product exchanges exactly these entries among neighbours in it. Dot products
! are an allreduce. The check solves the same in a group of one task.
program cg
  use dvm
  use common
  use, intrinsic :: iso_fortran_env, only: int64, real64
  implicit none

  ! The part of the system that a task of a group has. Columns are numbered: its own rows from
  ! 1, behind them the ghosts, sorted, so that those of one owner lie together.
  type :: system
     type(dvm_group) :: group
     integer :: me = 0, n = 1
     integer :: first = 0, rows = 0, ghosts = 0 ! first row, from 0
     integer, allocatable :: start(:), column(:)
     real(real64), allocatable :: value(:)
     type(dvm_group) :: graph          ! who exchanges with whom
     integer, allocatable :: wanted(:) ! own rows that others need, by reader
     integer(int64), allocatable :: read_counts(:), read_offsets(:) ! of wanted, by reader
     integer(int64), allocatable :: take_counts(:), take_offsets(:) ! of ghosts, by source
  end type system

  real(real64), target :: poisson = 100, tolerance = 1d-8, limit = 10000
  logical, target :: check = .false.
  type(option) :: table(4)
  type(system) :: mine, alone
  real(real64), allocatable :: x(:), x_alone(:), all_x(:)
  real(real64) :: start, seconds, residual, residual_alone
  integer :: me, n, status, steps, steps_alone, edge, most
  logical :: go_on

  table = [option_number("poisson", poisson, 1d0, 400d0, "N of an N x N x N grid (100)"), &
       option_number("tolerance", tolerance, 1d-14, 0.1d0, "relative residual (1e-8)"), &
       option_number("iterations", limit, 1d0, 1d9, "most iterations (10000)"), &
       option_flag("check", check, "compare with one task's solution")]
  call dvm_init()
  call dvm_group_rank(me)
  call dvm_group_size(n)
  call options_read(table, me == 0, go_on, status)
  if (go_on) then
     edge = int(poisson)
     call make_system(mine, DVM_WORLD)
     call dvm_reduce(mine%ghosts, most, DVM_MAX, 0)
     if (me == 0) write (*, '(a)') "cg: each product brings a task at most " // text(most) // &
          " entries of others"
     call dvm_barrier() ! start the clock when everybody is there
     start = dvm_wtime()
     call solve(mine, x, steps, residual)
     seconds = dvm_wtime() - start
     if (me == 0 .and. steps < 0) write (*, '(a)') "cg: not solved after " // &
          text(int(limit)) // " iterations; see --iterations"
     if (me == 0 .and. steps >= 0) write (*, '(a, es9.3, a)') "cg: " // text(edge**3) // &
          " unknowns, " // text(n) // " tasks, " // text(steps) // " iterations, residual ", &
          residual, ", " // text(seconds, 3) // " s"
     if (steps < 0 .and. me == 0) status = 1
     if (check) call compare()
  end if
  call dvm_finalize()
  if (status /= 0) stop 1, quiet=.true.

contains

  ! The rows of this task in a group, and the plan of its exchanges.
  subroutine make_system(s, group)
    type(system), intent(out) :: s
    type(dvm_group), intent(in) :: group
    integer :: last

    s%group = group
    call dvm_group_rank(s%me, group)
    call dvm_group_size(s%n, group)
    s%first = int(share_first(int(edge, int64)**3, s%n, s%me))
    last = int(share_first(int(edge, int64)**3, s%n, s%me + 1))
    s%rows = last - s%first
    call make_matrix(s)
    call make_plan(s)
  end subroutine make_system

  ! 6 on the diagonal, -1 for each of up to six neighbours; columns of the whole matrix, from 0.
  subroutine make_matrix(s)
    type(system), intent(inout) :: s
    integer :: row, k, side, at(3), step(7)
    logical :: inside(7)

    allocate (s%start(s%rows + 1), s%column(7 * s%rows), s%value(7 * s%rows))
    step = [-edge**2, -edge, -1, 0, 1, edge, edge**2]
    k = 0
    s%start(1) = 1
    do row = s%first, s%first + s%rows - 1
       at = [mod(row, edge), mod(row / edge, edge), row / edge**2]
       inside = [at(3) > 0, at(2) > 0, at(1) > 0, .true., at(1) + 1 < edge, at(2) + 1 < edge, &
            at(3) + 1 < edge]
       do side = 1, 7
          if (.not. inside(side)) cycle
          k = k + 1
          s%column(k) = row + step(side)
          s%value(k) = merge(6d0, -1d0, side == 4)
       end do
       s%start(row - s%first + 2) = k + 1
    end do
  end subroutine make_matrix

  ! Find the ghosts, ask their owners for them, and make the graph.
  subroutine make_plan(s)
    type(system), intent(inout) :: s
    integer, allocatable :: ghost(:), place(:), sources(:), readers(:)
    logical, allocatable :: needed(:)
    integer(int64) :: asks(0:s%n - 1), asked(0:s%n - 1)
    integer :: entries, k, low, high, owner

    entries = s%start(s%rows + 1) - 1
    low = minval([s%column(:entries), s%first])
    high = maxval([s%column(:entries), s%first])
    allocate (needed(low:high), source=.false.)
    allocate (place(low:high), source=0)
    needed(s%column(:entries)) = .true.
    needed(max(low, s%first):min(high, s%first + s%rows - 1)) = .false.
    s%ghosts = count(needed)
    allocate (ghost(s%ghosts)) ! before the assignment: see docs/tutorial/fortran.md
    ghost = pack([(k, k = low, high)], needed)
    place(max(low, s%first):min(high, s%first + s%rows - 1)) = &
         [(k - s%first + 1, k = max(low, s%first), min(high, s%first + s%rows - 1))]
    place(ghost) = [(s%rows + k, k = 1, s%ghosts)]
    s%column(:entries) = place(s%column(:entries))

    ! how many each asks of each, then which
    do owner = 0, s%n - 1
       asks(owner) = count(ghost >= share_first(int(edge, int64)**3, s%n, owner) .and. &
            ghost < share_first(int(edge, int64)**3, s%n, owner + 1))
    end do
    call dvm_alltoall(asks, asked, group=s%group)
    allocate (s%wanted(sum(asked)))
    call dvm_alltoallv(ghost, asks, before(asks), s%wanted, asked, before(asked), group=s%group)
    s%wanted = s%wanted - s%first + 1

    allocate (sources(count(asks > 0)), readers(count(asked > 0)))
    sources = pack([(k, k = 0, s%n - 1)], asks > 0)
    readers = pack([(k, k = 0, s%n - 1)], asked > 0)
    s%take_counts = pack(asks, asks > 0)
    s%take_offsets = before(s%take_counts)
    s%read_counts = pack(asked, asked > 0)
    s%read_offsets = before(s%read_counts)
    call dvm_group_graph(sources, readers, s%graph, group=s%group)
  end subroutine make_plan

  ! Where each part begins when they lie one behind the other.
  pure function before(counts) result(offsets)
    integer(int64), intent(in) :: counts(:)
    integer(int64) :: offsets(size(counts))
    integer :: i

    offsets = [(sum(counts(:i - 1)), i = 1, size(counts))]
  end function before

  ! y = A x; x has room for ghosts, which are exchanged first.
  subroutine multiply(s, x, y)
    type(system), intent(in) :: s
    real(real64), intent(inout) :: x(:)
    real(real64), intent(out) :: y(:)
    real(real64) :: leaving(size(s%wanted)), sum
    integer :: i, k

    leaving = x(s%wanted)
    call dvm_neighbour_alltoallv(leaving, s%read_counts, s%read_offsets, &
         x(s%rows + 1:), s%take_counts, s%take_offsets, group=s%graph)
    do i = 1, s%rows
       sum = 0
       do k = s%start(i), s%start(i + 1) - 1
          sum = sum + s%value(k) * x(s%column(k))
       end do
       y(i) = sum
    end do
  end subroutine multiply

  ! The dot product of two vectors of which every task has a part.
  function dot(s, a, b) result(all)
    type(system), intent(in) :: s
    real(real64), intent(in) :: a(:), b(:)
    real(real64) :: mine, all
    integer :: i

    mine = 0
    do i = 1, s%rows
       mine = mine + a(i) * b(i)
    end do
    call dvm_allreduce(mine, all, DVM_SUM, group=s%group)
  end function dot

  ! From x = 0 until the residual is small; all tasks see the same dot products, so all leave
  ! the loop at the same time. steps is -1 if they were not enough. The residual is computed
  ! anew from x.
  subroutine solve(s, x, steps, residual)
    type(system), intent(in) :: s
    real(real64), allocatable, intent(out) :: x(:)
    integer, intent(out) :: steps
    real(real64), intent(out) :: residual
    real(real64) :: r(s%rows), q(s%rows), p(s%rows + s%ghosts)
    real(real64) :: rr, earlier, goal, alpha

    allocate (x(s%rows + s%ghosts), source=0d0)
    r = 1
    p = 1
    rr = dot(s, r, r)
    goal = tolerance * sqrt(rr)
    steps = 0
    do while (sqrt(rr) > goal)
       if (steps == int(limit)) then
          steps = -1
          exit
       end if
       call multiply(s, p, q)
       alpha = rr / dot(s, p, q)
       x(:s%rows) = x(:s%rows) + alpha * p(:s%rows)
       r = r - alpha * q
       earlier = rr
       rr = dot(s, r, r)
       p(:s%rows) = r + rr / earlier * p(:s%rows)
       steps = steps + 1
    end do
    call multiply(s, x, q)
    r = 1 - q
    residual = sqrt(dot(s, r, r) / real(edge, real64)**3)
  end subroutine solve

  ! Rank 0: gather x, and solve the same in a group of this task alone.
  subroutine compare()
    integer(int64) :: counts(n)
    real(real64) :: distance
    integer :: i
    logical :: good

    counts = [(share_count(int(edge, int64)**3, n, i), i = 0, n - 1)]
    allocate (all_x(merge(edge**3, 0, me == 0)))
    call dvm_gatherv(x(:mine%rows), all_x, counts, before(counts), 0)
    if (me /= 0) return
    call make_system(alone, DVM_SELF)
    call solve(alone, x_alone, steps_alone, residual_alone)
    distance = norm2(all_x - x_alone) / norm2(x_alone)
    good = residual <= 10 * tolerance .and. distance <= 1000 * tolerance .and. steps >= 0
    write (*, '(a, es8.2, a, es8.2, a, es8.2, a, es8.2, a)') "check: " // &
         trim(merge("ok    ", "FAILED", good)) // " residual ", residual, " (limit ", &
         10 * tolerance, "), ", distance, " from one task's solution (limit ", 1000 * tolerance, &
         "), which took " // text(steps_alone) // " iterations"
    if (.not. good) status = 1
  end subroutine compare
end program cg
