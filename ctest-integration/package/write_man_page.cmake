# cmake -DPROGRAM=… -DTEXT=… -DPAGE=… -DVERSION=… -P: the text, with what the program's --help says at @OPTIONS@.
execute_process(COMMAND ${PROGRAM} --help OUTPUT_VARIABLE OPTIONS COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\\" "\\e" OPTIONS "${OPTIONS}")
string(REPLACE "-" "\\-" OPTIONS "${OPTIONS}")
string(REGEX REPLACE "(^|\n)([.'])" "\\1\\\\&\\2" OPTIONS "${OPTIONS}")
set(OPTIONS ".nf\n${OPTIONS}.fi")
configure_file(${TEXT} ${PAGE} @ONLY)
