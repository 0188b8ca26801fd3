! common.f90: what the Fortran examples share: the command line, even shares, and numbers as
! text. In C these are common/options.c and common/share.h.
module common
  use, intrinsic :: iso_fortran_env, only: int64, real64, output_unit, error_unit
  implicit none
  private
  public :: option, option_flag, option_number, option_text, options_read
  public :: share_count, share_first, text

  ! One option of a program: --name, or --name VALUE. Numbers are from low to high.
  type :: option
     character(len=16) :: name = ""
     character(len=60) :: help = ""
     real(real64) :: low = 0, high = 0
     logical, pointer :: flag => null()
     real(real64), pointer :: number => null()
     character(len=:), pointer :: letters => null()
  end type option

  interface text
     module procedure text_integer, text_long, text_real
  end interface text

contains

  function option_flag(name, target, help) result(row)
    character(len=*), intent(in) :: name, help
    logical, target, intent(in) :: target
    type(option) :: row

    row%name = name
    row%help = help
    row%flag => target
  end function option_flag

  ! A whole number may be written as 1e6: sizes are easier to read that way.
  function option_number(name, target, low, high, help) result(row)
    character(len=*), intent(in) :: name, help
    real(real64), target, intent(in) :: target
    real(real64), intent(in) :: low, high
    type(option) :: row

    row%name = name
    row%help = help
    row%number => target
    row%low = low
    row%high = high
  end function option_number

  function option_text(name, target, help) result(row)
    character(len=*), intent(in) :: name, help
    character(len=*), target, intent(in) :: target
    type(option) :: row

    row%name = name
    row%help = help
    row%letters => target
  end function option_text

  ! Read the command line into the targets. go_on is false after --help or a mistake, and
  ! status what the program should then end with. Only the task that speaks prints, and only
  ! it fails: a task that fails ends the others, also before they have spoken.
  subroutine options_read(table, speak, go_on, status)
    type(option), intent(inout) :: table(:)
    logical, intent(in) :: speak
    logical, intent(out) :: go_on
    integer, intent(out) :: status
    character(len=256) :: word
    integer :: i

    go_on = .true.
    status = 0
    i = 1
    do while (i <= command_argument_count() .and. go_on)
       call get_command_argument(i, word)
       if (word == "--help") then
          go_on = .false.
          if (speak) call usage(table, output_unit)
       else
          call take(table, word, i, go_on)
          if (.not. go_on) then
             if (speak) write (error_unit, '(3a)') "there is no such option, or value: '", trim(word), "'"
             if (speak) call usage(table, error_unit)
             if (speak) status = 2
          end if
       end if
       i = i + 1
    end do
  end subroutine options_read

  ! One option, whose value may be the next word.
  subroutine take(table, word, i, good)
    type(option), intent(inout) :: table(:)
    character(len=*), intent(in) :: word
    integer, intent(inout) :: i
    logical, intent(out) :: good
    character(len=256) :: value
    integer :: row, equals, error

    good = .false.
    equals = index(word, "=")
    if (equals == 0) equals = len_trim(word) + 1
    do row = 1, size(table)
       if (word(1:equals - 1) == "--" // trim(table(row)%name)) exit
    end do
    if (row > size(table)) return
    if (associated(table(row)%flag)) then
       table(row)%flag = .true.
       good = equals > len_trim(word)
       return
    end if
    value = word(equals + 1:)
    if (equals > len_trim(word)) then
       i = i + 1
       call get_command_argument(i, value)
    end if
    if (associated(table(row)%letters)) then
       table(row)%letters = value
       good = value /= ""
       return
    end if
    read (value, *, iostat=error) table(row)%number
    good = error == 0 .and. table(row)%number >= table(row)%low .and. &
         table(row)%number <= table(row)%high
  end subroutine take

  subroutine usage(table, unit)
    type(option), intent(in) :: table(:)
    integer, intent(in) :: unit
    integer :: row

    write (unit, '(a)') "options:"
    do row = 1, size(table)
       write (unit, '(4x, 3a)') "--", table(row)%name, trim(table(row)%help)
    end do
  end subroutine usage

  ! How many of n things part number part (from 0) of so many has: the first parts get one
  ! more where it does not come out even.
  pure function share_count(n, parts, part) result(count)
    integer(int64), intent(in) :: n
    integer, intent(in) :: parts, part
    integer(int64) :: count

    count = n / parts
    if (part < mod(n, int(parts, int64))) count = count + 1
  end function share_count

  ! The first thing of a part, from 0; for part == parts it is n.
  pure function share_first(n, parts, part) result(first)
    integer(int64), intent(in) :: n
    integer, intent(in) :: parts, part
    integer(int64) :: first

    first = part * (n / parts) + min(int(part, int64), mod(n, int(parts, int64)))
  end function share_first

  function text_integer(value) result(text)
    integer, intent(in) :: value
    character(len=:), allocatable :: text

    text = text_long(int(value, int64))
  end function text_integer

  function text_long(value) result(text)
    integer(int64), intent(in) :: value
    character(len=:), allocatable :: text
    character(len=24) :: letters

    write (letters, '(i0)') value
    text = trim(letters)
  end function text_long

  ! With so many digits behind the point.
  function text_real(value, digits) result(text)
    real(real64), intent(in) :: value
    integer, intent(in) :: digits
    character(len=:), allocatable :: text
    character(len=48) :: letters

    write (letters, '(f0.' // text_integer(digits) // ')') value
    text = trim(letters)
    if (text(1:1) == ".") text = "0" // text
  end function text_real
end module common
