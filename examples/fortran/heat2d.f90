! heat2d.f90: heat spreads over a plate; the tasks exchange the rims of their parts.
!
! In each step every cell of a plate takes over a part of the difference to its four
! neighbours. The plate is cut into a grid of blocks, one for each task; each block has a
! border of one extra cell all around, the halo, which messages fill before every step. A rim
! is a section of an array: a column lies in one piece, a row does not, and both are sent and
! received from where they are. Beyond the plate's edges it is cold: there the neighbour is
! DVM_NULL, with whom every message completes at once, and the halo stays 0.
!
! Two ways to exchange: the coarse one (--coarse) fills the whole halo, side by side, and then
! computes; the fine one computes the inside while the messages travel, and the rim after it.
! The result has the same bits either way, and as the C program's.
program heat2d
  use dvm
  use common
  use, intrinsic :: iso_fortran_env, only: int64, real64
  implicit none
  integer, parameter :: NORTH = 1, SOUTH = 2, WEST = 3, EAST = 4
  integer, parameter :: TAG_HALO = 1, TAG_BLOCK = 9 ! TAG_HALO + side the message travels to
  real(real64), parameter :: RATE = 0.2d0 ! of the difference that a cell takes over in a step

  ! where the block of a rank lies, and who its neighbours are
  type :: block
     integer :: first_row = 0, first_column = 0, rows = 0, columns = 0
     integer :: neighbour(4) = DVM_NULL
  end type block

  real(real64), target :: rows_asked = 2048, columns_asked = 2048, steps_asked = 500
  real(real64), target :: every = 100, tolerance = 0
  logical, target :: coarse = .false., check = .false.
  type(option) :: table(7)
  type(block) :: mine
  real(real64), allocatable, asynchronous :: now(:, :)
  real(real64), allocatable :: next(:, :), swap(:, :), field(:, :)
  real(real64) :: change, start, seconds
  integer :: rows, columns, me, n, status, steps, rank
  logical :: go_on

  table = [option_number("rows", rows_asked, 1d0, 1d5, "rows of the plate (2048)"), &
       option_number("columns", columns_asked, 1d0, 1d5, "columns of the plate (2048)"), &
       option_number("steps", steps_asked, 1d0, 1d9, "most steps to do (500)"), &
       option_number("every", every, 1d0, 1d9, "steps from residual to residual (100)"), &
       option_number("tolerance", tolerance, 0d0, 1d0, "stop at a smaller change (0)"), &
       option_flag("coarse", coarse, "exchange first, compute then"), &
       option_flag("check", check, "compare every cell with one task's")]
  call dvm_init()
  call dvm_group_rank(me)
  call dvm_group_size(n)
  call options_read(table, me == 0, go_on, status)
  if (go_on) then
     rows = int(rows_asked)
     columns = int(columns_asked)
     mine = place(me)
     allocate (now(0:mine%rows + 1, 0:mine%columns + 1), source=0d0)
     allocate (next(0:mine%rows + 1, 0:mine%columns + 1), source=0d0)
     call warm_up(now(1:mine%rows, 1:mine%columns), mine%first_row, mine%first_column)
     call dvm_barrier() ! start the clock when everybody is there
     start = dvm_wtime()
     call run()
     seconds = dvm_wtime() - start
     if (me == 0) write (*, '(a, es9.3)') "heat2d: " // text(rows) // "x" // text(columns) // ", " // &
          text(n) // " tasks, blocks of " // text(mine%rows) // "x" // text(mine%columns) // ", " // &
          text(steps) // " steps, last change ", change
     if (me == 0) write (*, '(a)') "heat2d: " // text(seconds, 3) // " s, " // &
          text(int(real(rows, real64) * columns * steps / seconds * 1d-6)) // " million cells a second"
     if (check) call gather()
     if (check .and. me == 0) call compare()
  end if
  call dvm_finalize()
  if (status /= 0) stop 1, quiet=.true.

contains

  ! A grid of down x across = n blocks with the shortest rims.
  subroutine choose_grid(down, across)
    integer, intent(out) :: down, across
    real(real64) :: rim, best
    integer :: d

    best = huge(best)
    down = 1
    across = n
    do d = 1, n
       if (mod(n, d) /= 0) cycle
       rim = real(rows, real64) / d + real(columns, real64) / (n / d)
       if (rim > best) cycle
       best = rim
       down = d
       across = n / d
    end do
  end subroutine choose_grid

  ! Where the block of a rank lies, and who its neighbours are.
  function place(rank) result(b)
    integer, intent(in) :: rank
    type(block) :: b
    integer :: down, across, row, column

    call choose_grid(down, across)
    row = rank / across
    column = mod(rank, across)
    b%first_row = int(share_first(int(rows, int64), down, row))
    b%rows = int(share_count(int(rows, int64), down, row))
    b%first_column = int(share_first(int(columns, int64), across, column))
    b%columns = int(share_count(int(columns, int64), across, column))
    b%neighbour = [at(row - 1, column, down, across), at(row + 1, column, down, across), &
         at(row, column - 1, down, across), at(row, column + 1, down, across)]
  end function place

  ! The rank at a place of the grid, if it has cells: blocks without any are the last ones.
  integer function at(row, column, down, across)
    integer, intent(in) :: row, column, down, across

    at = DVM_NULL
    if (row < 0 .or. column < 0 .or. row >= down .or. column >= across) return
    if (share_count(int(rows, int64), down, row) == 0) return
    if (share_count(int(columns, int64), across, column) == 0) return
    at = row * across + column
  end function at

  ! First temperatures: three glowing letters on cold metal, and a hot strip below them.
  subroutine warm_up(cells, first_row, first_column)
    real(real64), intent(out) :: cells(:, :)
    integer, intent(in) :: first_row, first_column
    character(len=19), parameter :: letters(0:6) = [ &
         " ####  #   # #   # ", " #   # #   # ## ## ", " #   # #   # # # # ", &
         " #   # #   # # # # ", " #   # #   # #   # ", " #   #  # #  #   # ", &
         " ####    #   #   # "]
    integer :: i, j, line, spot
    logical :: hot

    do j = 1, size(cells, 2)
       do i = 1, size(cells, 1)
          line = ((first_row + i - 1) * 15) / rows - 3
          spot = ((first_column + j - 1) * 19) / columns + 1
          hot = line == 8 .and. spot >= 2 .and. spot <= 18
          if (line >= 0 .and. line < 7) hot = letters(line)(spot:spot) == "#"
          cells(i, j) = merge(1d0, 0d0, hot)
       end do
    end do
  end subroutine warm_up

  ! Compute rows i0 to i1 of columns j0 to j1.
  subroutine update(old, new, i0, i1, j0, j1)
    real(real64), intent(in) :: old(0:, 0:)
    real(real64), intent(inout) :: new(0:, 0:)
    integer, intent(in) :: i0, i1, j0, j1
    real(real64) :: vertical, horizontal
    integer :: i, j

    do j = j0, j1
       do i = i0, i1
          vertical = old(i - 1, j) + old(i + 1, j)
          horizontal = old(i, j - 1) + old(i, j + 1)
          new(i, j) = old(i, j) + RATE * (vertical + horizontal - 4 * old(i, j))
       end do
    end do
  end subroutine update

  ! What comes from the north has travelled south.
  subroutine coarse_step(r, c)
    integer, intent(in) :: r, c

    call dvm_sendrecv(now(1, 1:c), mine%neighbour(NORTH), TAG_HALO + NORTH, &
         now(r + 1, 1:c), mine%neighbour(SOUTH), TAG_HALO + NORTH)
    call dvm_sendrecv(now(r, 1:c), mine%neighbour(SOUTH), TAG_HALO + SOUTH, &
         now(0, 1:c), mine%neighbour(NORTH), TAG_HALO + SOUTH)
    call dvm_sendrecv(now(1:r, 1), mine%neighbour(WEST), TAG_HALO + WEST, &
         now(1:r, c + 1), mine%neighbour(EAST), TAG_HALO + WEST)
    call dvm_sendrecv(now(1:r, c), mine%neighbour(EAST), TAG_HALO + EAST, &
         now(1:r, 0), mine%neighbour(WEST), TAG_HALO + EAST)
    call update(now, next, 1, r, 1, c)
  end subroutine coarse_step

  subroutine fine_step(r, c)
    integer, intent(in) :: r, c
    type(dvm_request) :: requests(8)

    call dvm_irecv(now(0, 1:c), mine%neighbour(NORTH), TAG_HALO + SOUTH, requests(1))
    call dvm_irecv(now(r + 1, 1:c), mine%neighbour(SOUTH), TAG_HALO + NORTH, requests(2))
    call dvm_irecv(now(1:r, 0), mine%neighbour(WEST), TAG_HALO + EAST, requests(3))
    call dvm_irecv(now(1:r, c + 1), mine%neighbour(EAST), TAG_HALO + WEST, requests(4))
    call dvm_isend(now(1, 1:c), mine%neighbour(NORTH), TAG_HALO + NORTH, requests(5))
    call dvm_isend(now(r, 1:c), mine%neighbour(SOUTH), TAG_HALO + SOUTH, requests(6))
    call dvm_isend(now(1:r, 1), mine%neighbour(WEST), TAG_HALO + WEST, requests(7))
    call dvm_isend(now(1:r, c), mine%neighbour(EAST), TAG_HALO + EAST, requests(8))
    call update(now, next, 2, r - 1, 2, c - 1)
    call dvm_waitall(requests)
    call update(now, next, 1, r, 1, 1)
    call update(now, next, 1, r, c, c)
    call update(now, next, 1, 1, 2, c - 1)
    call update(now, next, r, r, 2, c - 1)
  end subroutine fine_step

  ! All steps; how many were done all tasks agree on.
  subroutine run()
    real(real64) :: largest

    change = 0
    do steps = 1, int(steps_asked)
       if (mine%rows > 0 .and. mine%columns > 0) then ! else there is nobody to talk to
          if (coarse) then
             call coarse_step(mine%rows, mine%columns)
          else
             call fine_step(mine%rows, mine%columns)
          end if
          call move_alloc(now, swap)
          call move_alloc(next, now)
          call move_alloc(swap, next)
       end if
       if (mod(steps, int(every)) /= 0 .and. steps /= int(steps_asked)) cycle
       largest = 0
       if (mine%rows > 0 .and. mine%columns > 0) &
            largest = maxval(abs(now(1:mine%rows, 1:mine%columns) - next(1:mine%rows, 1:mine%columns)))
       call dvm_allreduce(largest, change, DVM_MAX)
       if (change < tolerance) return
    end do
    steps = int(steps_asked)
  end subroutine run

  ! Bring all blocks to rank 0, which receives each where it lies on the plate.
  subroutine gather()
    type(block) :: b

    if (me /= 0) then
       call dvm_send(now(1:mine%rows, 1:mine%columns), 0, TAG_BLOCK)
       return
    end if
    allocate (field(rows, columns))
    field(1:mine%rows, 1:mine%columns) = now(1:mine%rows, 1:mine%columns)
    do rank = 1, n - 1
       b = place(rank)
       call dvm_recv(field(b%first_row + 1:b%first_row + b%rows, &
            b%first_column + 1:b%first_column + b%columns), rank, TAG_BLOCK)
    end do
  end subroutine gather

  ! Run the whole plate in this task alone, as many steps, and compare every cell.
  subroutine compare()
    real(real64), allocatable :: old(:, :), new(:, :)
    integer :: wrong, i

    allocate (old(0:rows + 1, 0:columns + 1), source=0d0)
    allocate (new(0:rows + 1, 0:columns + 1), source=0d0)
    call warm_up(old(1:rows, 1:columns), 0, 0)
    do i = 1, steps
       call update(old, new, 1, rows, 1, columns)
       call move_alloc(old, swap)
       call move_alloc(new, old)
       call move_alloc(swap, new)
    end do
    wrong = count(field /= old(1:rows, 1:columns))
    write (*, '(a, es8.2, a)') "check: " // trim(merge("ok    ", "FAILED", wrong == 0)) // " " // &
         text(wrong) // " of " // text(int(rows, int64) * columns) // &
         " cells differ from one task's run, by ", maxval(abs(field - old(1:rows, 1:columns))), &
         " at most"
    if (wrong > 0) status = 1
  end subroutine compare
end program heat2d
