/* log_timer.h: sees to it that what the log holds back of a flood is told in the end. */
#ifndef DVMD_LOG_TIMER_H
#define DVMD_LOG_TIMER_H

struct ev_loop;

/* From now on the log's counts are written by a timer of this loop (borrowed), which is
 * set only while there are some. */
void log_timer_start(struct ev_loop *loop);

/* Before the loop goes. */
void log_timer_stop(void);

#endif
