# DvmFortran.cmake: compiles the module dvm with the project's Fortran compiler. Part of the
# CMake package: `find_package(dvm COMPONENTS Fortran)` gives the target dvm::fortran.

# dvm_fortran_header(RESULT): a folder with the compiler's own ISO_Fortran_binding.h and
# nothing else, "" when it has none. Each compiler lays out its descriptors in its own way,
# and the C compiler may come from elsewhere.
function(dvm_fortran_header result)
    get_filename_component(real ${CMAKE_Fortran_COMPILER} REALPATH)
    get_filename_component(bin ${real} DIRECTORY)
    execute_process(COMMAND ${CMAKE_Fortran_COMPILER} -print-file-name=include/ISO_Fortran_binding.h
        OUTPUT_VARIABLE own OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    set(${result} "" PARENT_SCOPE)
    foreach(header ${own} ${bin}/../include/flang/ISO_Fortran_binding.h
            ${bin}/../opt/compiler/include/ISO_Fortran_binding.h ${bin}/../include/ISO_Fortran_binding.h)
        if(IS_ABSOLUTE "${header}" AND EXISTS "${header}")
            set(folder ${CMAKE_CURRENT_BINARY_DIR}/dvm_fortran_header)
            configure_file(${header} ${folder}/ISO_Fortran_binding.h COPYONLY)
            set(${result} ${folder} PARENT_SCOPE)
            return()
        endif()
    endforeach()
endfunction()

# dvm_fortran_library(NAME C_FILES MADE): a static library of the C files in one folder and of
# what was made for the module, dvm.f90 and procedures.h, in another; and the target
# dvm::fortran, which links it and finds dvm.mod. Nothing, with a word on it, where the
# compiler has no ISO_Fortran_binding.h.
function(dvm_fortran_library name c_files made)
    dvm_fortran_header(header)
    if(NOT header)
        message(STATUS "${CMAKE_Fortran_COMPILER} has no ISO_Fortran_binding.h: module dvm is left out")
        return()
    endif()
    file(GLOB files CONFIGURE_DEPENDS ${c_files}/*.c)
    add_library(${name} STATIC ${made}/dvm.f90 ${made}/procedures.h ${files})
    set(modules ${CMAKE_CURRENT_BINARY_DIR}/${name}_modules)
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON LINKER_LANGUAGE C
        C_STANDARD 11 C_EXTENSIONS ON Fortran_MODULE_DIRECTORY ${modules})
    target_include_directories(${name} PUBLIC $<$<COMPILE_LANGUAGE:Fortran>:${modules}>)
    target_include_directories(${name} BEFORE PRIVATE $<$<COMPILE_LANGUAGE:C>:${header}>
        $<$<COMPILE_LANGUAGE:C>:${made}>)
    # its interfaces use default integers and logicals, which is no question of the C standard
    set_property(SOURCE ${made}/dvm.f90 APPEND PROPERTY COMPILE_OPTIONS -w
        $<$<Fortran_COMPILER_ID:GNU>:-std=gnu>)
    target_link_libraries(${name} PUBLIC dvm::dvm)
    add_library(dvm::fortran ALIAS ${name})
endfunction()
