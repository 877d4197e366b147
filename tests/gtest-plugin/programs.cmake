# GoogleTest programs for tests/e2e/listener_test.py and runner_test.py: with gtest's own main, as C++14 (where this GoogleTest
# allows that) with sandbox::gtest_main, with a listener that comes from a static library's archive alone, and without one.
function(gtest_program name source)
  add_executable(${name} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${source})
  target_link_libraries(${name} PRIVATE ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/probes)
endfunction()

gtest_program(gtest-fixture fixture.cpp sandbox::gtest GTest::gtest_main)
gtest_program(gtest-fixture-cxx14 fixture.cpp sandbox::gtest_main)
set_target_properties(gtest-fixture-cxx14 PROPERTIES CXX_STANDARD 14)

add_library(gtest_support STATIC ${CMAKE_CURRENT_LIST_DIR}/support.cpp)
target_link_libraries(gtest_support PRIVATE sandbox::gtest)
gtest_program(gtest-fixture-indirect indirect.cpp gtest_support GTest::gtest_main)

# By an object library, by a shared one, and by itself.
add_library(gtest_objects OBJECT ${CMAKE_CURRENT_LIST_DIR}/fixture.cpp)
target_link_libraries(gtest_objects PRIVATE sandbox::gtest)
add_library(gtest_shared SHARED ${CMAKE_CURRENT_LIST_DIR}/support.cpp)
set_target_properties(gtest_shared PROPERTIES CXX_VISIBILITY_PRESET hidden)
target_link_libraries(gtest_shared PRIVATE sandbox::gtest)
gtest_program(gtest-fixture-often support.cpp gtest_objects gtest_shared sandbox::gtest GTest::gtest_main)

gtest_program(gtest-misbehaving misbehaving.cpp GTest::gtest_main)
gtest_program(gtest-thousand thousand.cpp GTest::gtest_main)
gtest_program(gtest-thousand-listening thousand.cpp sandbox::gtest GTest::gtest_main)
target_compile_definitions(gtest-thousand-listening PRIVATE LISTENER)
