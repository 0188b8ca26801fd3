/* main.c: dvm, the console. */
#include "base/streams.h"
#include "console/command.h"

int main(int argc, char **argv)
{
    streams_fill();
    /* data that could not be written is an error of its own */
    return console_end(command_main(argc, argv));
}
