! hello.f90: every task says where it is.
!
! The smallest complete program: each task finds out its rank and its host, and sends both to
! rank 0, which prints them in order of rank. The type and the length of a message are those
! of the variable. This file needs no other: dvmfort hello.f90 -o hello.
program hello
  use dvm
  implicit none
  integer, parameter :: TAG_TID = 1, TAG_HOST = 2
  character(len=DVM_NAME_MAX) :: host
  integer :: me, n, tid, rank

  call dvm_init() ! from here on this process is a task
  call dvm_group_rank(me)
  call dvm_group_size(n)
  tid = dvm_tid()
  call dvm_host_name(host)
  if (me == 0) then
     call say(0)
     do rank = 1, n - 1
        call dvm_recv(tid, rank, TAG_TID)
        call dvm_recv(host, rank, TAG_HOST)
        call say(rank)
     end do
  else
     call dvm_send(tid, 0, TAG_TID)
     call dvm_send(host, 0, TAG_HOST)
  end if
  call dvm_finalize()

contains

  subroutine say(rank)
    integer, intent(in) :: rank

    write (*, '(a, i0, a, i0, a, z0, 2a)') "hello from rank ", rank, " of ", n, ": task 0x", tid, &
         " on host ", trim(host)
  end subroutine say
end program hello
