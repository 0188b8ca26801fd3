! matmul.f90: C = A B, with the columns of the matrices dealt to the tasks.
!
! Fortran stores a matrix column by column, so each task owns some columns of A, B and C in one
! piece. To compute its columns of C a task needs all of A, but not at the same time: the parts
! of A go around in a ring. At each step a task multiplies the part that it has with those rows
! of its B that belong to it, while that part travels on to the next task and another one comes
! in. No task ever holds more than two parts of A.
program matmul_program
  use dvm
  use common
  use, intrinsic :: iso_fortran_env, only: int64, real64
  implicit none
  integer, parameter :: TAG_PART = 1
  real(real64), target :: size_asked = 500
  logical, target :: check = .false.
  type(option) :: table(2)
  real(real64), allocatable, asynchronous :: part(:, :), coming(:, :)
  real(real64), allocatable :: b(:, :), c(:, :), swap(:, :)
  real(real64) :: start, seconds
  integer :: order, me, n, status, first, columns
  logical :: go_on

  table = [option_number("n", size_asked, 1d0, 2d4, "rows and columns of the matrices (500)"), &
       option_flag("check", check, "compare with one task's product")]
  call dvm_init()
  call dvm_group_rank(me)
  call dvm_group_size(n)
  call options_read(table, me == 0, go_on, status)
  if (go_on) then
     order = int(size_asked)
     call range_of(me, first, columns)
     call make(part, b)
     allocate (c(order, columns), source=0d0)
     call dvm_barrier() ! start the clock when everybody is there
     start = dvm_wtime()
     call multiply()
     seconds = dvm_wtime() - start
     if (me == 0) write (*, '(a)') "matmul: " // text(order) // "x" // text(order) // ", " // &
          text(n) // " tasks, " // text(seconds, 3) // " s, " // &
          text(2 * real(order, real64)**3 / seconds * 1d-9, 2) // " Gflop/s"
     if (check) then
        call tell_sum()
        call compare()
     end if
  end if
  call dvm_finalize()
  if (status /= 0) stop 1, quiet=.true.

contains

  ! The columns of a rank: first (from 0), and how many.
  subroutine range_of(rank, first, columns)
    integer, intent(in) :: rank
    integer, intent(out) :: first, columns

    first = int(share_first(int(order, int64), n, rank))
    columns = int(share_count(int(order, int64), n, rank))
  end subroutine range_of

  ! This task's columns of A and B: small whole numbers, whose products have no rounding.
  subroutine make(a, b)
    real(real64), allocatable, intent(out) :: a(:, :), b(:, :)
    integer :: i, j

    allocate (a(order, columns), b(order, columns))
    do j = 1, columns
       do i = 1, order
          a(i, j) = mod(3 * i + 5 * (first + j), 17) - 8
          b(i, j) = mod(7 * i + 2 * (first + j), 13) - 6
       end do
    end do
  end subroutine make

  ! The part of A that this task has at a step began at rank me - step.
  subroutine multiply()
    type(dvm_request) :: requests(2)
    integer :: step, owner, from, count, from_next, count_next

    do step = 0, n - 1
       owner = modulo(me - step, n)
       call range_of(owner, from, count)
       if (step < n - 1) then
          call range_of(modulo(owner - 1, n), from_next, count_next)
          allocate (coming(order, count_next))
          call dvm_irecv(coming, modulo(me - 1, n), TAG_PART, requests(1))
          call dvm_isend(part, modulo(me + 1, n), TAG_PART, requests(2))
       end if
       c = c + matmul(part, b(from + 1:from + count, :))
       if (step == n - 1) exit
       call dvm_waitall(requests)
       call move_alloc(coming, swap)
       deallocate (part)
       call move_alloc(swap, part)
    end do
  end subroutine multiply

  ! One number of all of C, in which each place has a weight: what the program in C tells, too.
  subroutine tell_sum()
    integer(int64) :: sum, all
    integer :: i, j

    sum = 0
    do j = 1, columns
       do i = 1, order
          sum = sum + (mod(i - 1 + 2 * (first + j - 1), 7) - 3) * int(c(i, j), int64)
       end do
    end do
    call dvm_reduce(sum, all, DVM_SUM, 0)
    if (me == 0) write (*, '(a, i0, a)') "sum: ", all, ", of all numbers with their weights"
  end subroutine tell_sum

  ! Rank 0 gathers C, whose columns lie one behind the other, and computes it alone.
  subroutine compare()
    real(real64), allocatable :: whole(:, :), a(:, :), b(:, :)
    integer(int64) :: counts(n), offsets(n)
    integer :: i, wrong

    do i = 1, n
       counts(i) = share_count(int(order, int64), n, i - 1) * order
       offsets(i) = share_first(int(order, int64), n, i - 1) * order
    end do
    allocate (whole(order, merge(order, 0, me == 0)))
    call dvm_gatherv(c, whole, counts, offsets, 0)
    if (me /= 0) return
    first = 0
    columns = order
    call make(a, b)
    wrong = count(whole /= matmul(a, b))
    write (*, '(a)') "check: " // trim(merge("ok    ", "FAILED", wrong == 0)) // " " // text(wrong) // &
         " of " // text(order**2) // " numbers differ from one task's product"
    if (wrong > 0) status = 1
  end subroutine compare
end program matmul_program
