! ring.f90: a token goes around, and everybody adds to it.
!
! The tasks stand in a ring: rank r sends to r + 1, the last one to rank 0. A token of --size
! numbers goes around --rounds times, and every task adds its rank to each of them. The time
! of a round divided by the tasks is the time of one message.
program ring
  use dvm
  use common
  use, intrinsic :: iso_fortran_env, only: int64, real64
  implicit none
  integer, parameter :: TAG_TOKEN = 1
  real(real64), target :: rounds = 1000, size_asked = 1
  logical, target :: check = .false.
  type(option) :: table(3)
  integer(int64), allocatable :: token(:), back(:)
  integer :: me, n, status
  logical :: go_on, good
  real(real64) :: start, seconds

  table = [option_number("rounds", rounds, 1d0, 1d9, "times around the ring (1000)"), &
       option_number("size", size_asked, 1d0, 1d8, "numbers in the token, 8 bytes each (1)"), &
       option_flag("check", check, "compare with the sum made without messages")]
  call dvm_init()
  call dvm_group_rank(me)
  call dvm_group_size(n)
  call options_read(table, me == 0, go_on, status)
  if (go_on) then
     allocate (token(int(size_asked, int64)), back(int(size_asked, int64)))
     token = 0
     call dvm_barrier() ! start the clock when everybody is there
     start = dvm_wtime()
     if (me == 0) then
        call lead()
     else
        call follow()
     end if
     seconds = dvm_wtime() - start
     if (me == 0) then
        write (*, '(a)') "ring: " // text(n) // " tasks, " // text(int(rounds, int64)) // &
             " rounds, token " // text(token(1)) // ", " // text(seconds, 3) // " s, " // &
             text(seconds * 1d6 / rounds / n, 2) // " us a message"
        if (check) then
           call compare(good)
           if (.not. good) status = 1
        end if
     end if
  end if
  call dvm_finalize()
  if (status /= 0) call exit_with(status)

contains

  ! Rank 0 sends the token off and takes it back. One call does both: with a single task,
  ! who is its own neighbour, a large token would wait for a receive that is never reached.
  subroutine lead()
    integer(int64), allocatable :: swap(:)
    integer :: round

    do round = 1, int(rounds)
       call dvm_sendrecv(token, mod(1, n), TAG_TOKEN, back, n - 1, TAG_TOKEN)
       call move_alloc(token, swap) ! what came back is sent next; no copy is needed
       call move_alloc(back, token)
       call move_alloc(swap, back)
    end do
  end subroutine lead

  ! All others wait for the token, add to it, and pass it on.
  subroutine follow()
    integer :: round

    do round = 1, int(rounds)
       call dvm_recv(token, me - 1, TAG_TOKEN)
       token = token + me
       call dvm_send(token, mod(me + 1, n), TAG_TOKEN)
    end do
  end subroutine follow

  ! Compare the token with the sum made without messages, one rank at a time.
  subroutine compare(good)
    logical, intent(out) :: good
    integer(int64) :: expected
    integer :: rank, right

    expected = 0
    do rank = 0, n - 1
       expected = expected + rank
    end do
    expected = expected * int(rounds, int64)
    right = count(token == expected)
    good = right == size(token)
    write (*, '(a)') "check: " // trim(merge("ok    ", "FAILED", good)) // " " // text(right) // " of " // &
         text(size(token)) // " numbers are " // text(expected)
  end subroutine compare

  subroutine exit_with(code)
    integer, intent(in) :: code

    stop code, quiet=.true.
  end subroutine exit_with
end program ring
