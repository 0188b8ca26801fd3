# print.cmake: write what COMMAND prints with ARGUMENTS (parted by commas) into OUTPUT.
string(REPLACE "," ";" arguments "${ARGUMENTS}")
execute_process(COMMAND ${COMMAND} ${arguments} OUTPUT_FILE ${OUTPUT} COMMAND_ERROR_IS_FATAL ANY)
