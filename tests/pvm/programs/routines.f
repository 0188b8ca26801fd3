! routines.f: the routines for Fortran: a master and two workers pass numbers and words,
! join a group and reduce. Fixed form, as PVM's programs are.
      program routines
      implicit none
      include 'fpvm3.h'
      integer workers
      parameter (workers = 2)
      integer tid, parent, tids(workers), started, info, buf
      integer me, i, bytes, tag, from, total, part(2)
      double precision value(3)
      complex c(2)
      character*12 word
      external PVMSUM

      call pvmfmytid(tid)
      call pvmfparent(parent)
      call pvmfjoingroup('fortran', me)
      if (parent .lt. 0) then
          call pvmfspawn('routines', PVMDEFAULT, '*', workers, tids,
     &                   started)
          if (started .ne. workers) stop 1
          value(1) = 1.5d0
          value(2) = 0d0
          value(3) = -8d0
          c(1) = (1.0, 2.0)
          c(2) = (-3.0, 0.5)
          word = 'some words'
          call pvmfinitsend(PVMDEFAULT, buf)
          call pvmfpack(REAL8, value, 2, 2, info)
          call pvmfpack(COMPLEX8, c, 2, 1, info)
          call pvmfpack(STRING, word, 12, 1, info)
          call pvmfmcast(workers, tids, 7, info)
          if (info .ne. 0) stop 2
      else
          call pvmfrecv(parent, 7, buf)
          call pvmfbufinfo(buf, bytes, tag, from, info)
          if (tag .ne. 7 .or. from .ne. parent) stop 3
          if (bytes .ne. 44) stop 4
          value = 0
          call pvmfunpack(REAL8, value, 2, 2, info)
          call pvmfunpack(COMPLEX8, c, 2, 1, info)
          call pvmfunpack(STRING, word, 12, 1, info)
          if (value(1) .ne. 1.5d0 .or. value(3) .ne. -8d0) stop 5
          if (c(2) .ne. (-3.0, 0.5)) stop 6
          if (word .ne. 'some words') stop 7
          call pvmfpsend(parent, 8, tid, 1, INTEGER4, info)
      end if
      call pvmfbarrier('fortran', workers + 1, info)
      if (info .ne. 0) stop 8
      part(1) = me
      part(2) = 10
      call pvmfreduce(PVMSUM, part, 2, INTEGER4, 9, 'fortran', 0, info)
      if (info .ne. 0) stop 9
      if (parent .lt. 0) then
          total = 0
          do i = 1, workers
              call pvmfprecv(-1, 8, from, 1, INTEGER4, tag, bytes,
     &                       started, info)
              if (from .ne. tag .or. bytes .ne. 8) stop 10
              total = total + 1
          end do
          call pvmfgsize('fortran', i)
          print '(A,4I4)', 'routines: ', total, part(1), part(2), i
          if (part(1) .ne. 3 .or. part(2) .ne. 30) stop 11
      end if
      call pvmfbarrier('fortran', workers + 1, info)
      call pvmflvgroup('fortran', info)
      call pvmfexit(info)
      end
