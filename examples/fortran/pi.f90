! pi.f90: pi as an integral, cut into one piece for each task.
!
! pi is the area under 4 / (1 + x**2) from 0 to 1. The interval is cut into --steps strips.
! Each task adds up a contiguous share of them; one reduce adds the sums of the tasks, in
! order of ranks: the result has the same bits as that of the C program.
program pi_program
  use dvm
  use common
  use, intrinsic :: iso_fortran_env, only: int64, real64
  implicit none
  real(real64), target :: steps_asked = 1d8
  logical, target :: check = .false.
  type(option) :: table(2)
  integer(int64) :: steps
  real(real64) :: part, pi, start
  integer :: me, n, status
  logical :: go_on, good

  table = [option_number("steps", steps_asked, 1d0, 1d12, "strips of the integral (1e8)"), &
       option_flag("check", check, "compare with pi and with one task's sum")]
  call dvm_init()
  call dvm_group_rank(me)
  call dvm_group_size(n)
  call options_read(table, me == 0, go_on, status)
  if (go_on) then
     steps = int(steps_asked, int64)
     start = dvm_wtime()
     part = area(share_first(steps, n, me), share_first(steps, n, me + 1))

     ! Everybody gives its part, rank 0 gets the sum.
     call dvm_reduce(part, pi, DVM_SUM, 0)

     if (me == 0) then
        write (*, '(a)') "pi: " // text(pi, 15) // " with " // text(steps) // " steps, " // &
             text(n) // " tasks, " // text(dvm_wtime() - start, 3) // " s"
        if (check) then
           call compare(good)
           if (.not. good) status = 1
        end if
     end if
  end if
  call dvm_finalize()
  if (status /= 0) stop 1, quiet=.true.

contains

  ! The area of strips first up to last.
  function area(first, last) result(sum)
    integer(int64), intent(in) :: first, last
    real(real64) :: sum, width, x
    integer(int64) :: i

    width = 1 / real(steps, real64)
    sum = 0
    do i = first, last - 1
       x = (real(i, real64) + 0.5d0) * width
       sum = sum + 4 / (1 + x * x)
    end do
    sum = sum * width
  end function area

  ! Compare with pi and with the sum over all strips in one go. The rule's own error is below
  ! 1 / (3 steps**2); rounding adds to it, more with more steps.
  subroutine compare(good)
    logical, intent(out) :: good
    real(real64) :: rounding, rule, from_pi, from_alone

    rounding = 1d-15 * sqrt(real(steps, real64)) + 1d-13
    rule = 1 / (3 * real(steps, real64)**2)
    from_pi = abs(pi - acos(-1d0))
    from_alone = abs(pi - area(0_int64, steps))
    good = from_pi <= rule + rounding .and. from_alone <= rounding
    write (*, '(a, es8.2, a, es8.2, a, es8.2, a, es8.2, a)') "check: " // &
         trim(merge("ok    ", "FAILED", good)) // " ", from_pi, " from pi (limit ", rule + rounding, "), ", &
         from_alone, " from one task's sum (limit ", rounding, ")"
  end subroutine compare
end program pi_program
